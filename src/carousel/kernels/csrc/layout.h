// The kernels' own order of nodes.
//
// A step keeps one row of slots, each of `padded` numbers:
//   without an input gate   cu cs cr du
//   with one         xi_du  cu cs cx cr du
// so that the nodes which the input feeds, those which v feeds, and those which see s[n-1] are neighbours each.
#pragma once

#include "lstm.h"

namespace carousel::CAROUSEL_LEVEL {

struct Layout {
    int xi_du = 0, cu, cs, cx = -1, cr, du;
    int values;  // the first slot that v feeds, and the first that sees s[n-1]
    int input_order[5], value_order[5];  // which stored block of rows each slot takes, from slot 0 and from `values`

    explicit Layout(const Cell& cell) {
        if (cell.input_gate) {
            values = cu = 1, cs = 2, cx = 3, cr = 4, du = 5;
            const int input[] = {2, 0, 1, 4, 3}, value[] = {0, 1, 4, 3, 2};
            for (int i = 0; i < 5; ++i) input_order[i] = input[i], value_order[i] = value[i];
        } else {
            values = cu = 0, cs = 1, cr = 2, du = 3;
            const int both[] = {0, 1, 3, 2};
            for (int i = 0; i < 4; ++i) input_order[i] = value_order[i] = both[i];
        }
    }
};

}  // namespace carousel::CAROUSEL_LEVEL
