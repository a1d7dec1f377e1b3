"""What each step of the road is meant to buy, in words."""

from carousel.theory.claim import Claim

CLAIMS = (
    Claim(
        "evolution.proportions",
        "S1, S2: parts in their own proportions",
        "The canonical RNN splits into a part from the state before, F_s = W_s s[n-1], and an update F_u that feeds "
        "the readout back; both enter in full. At rest the size of a disturbance grows or dies by the spectral radius "
        "of W_s + W_r a step: here it grows, and the system is unstable. A gate for each part makes the "
        "proportions adjustable, and with less of the update the same weights become stable. Steps and wording are "
        "this library's reading of the paper.",
        r"s[n] = g_{cs} \odot F_s + g_{cu} \odot F_u, \qquad "
        r"\text{growth a step} = \rho\left(\mathrm{diag}(g_{cs}) W_s + \mathrm{diag}(g_{cu}) W_r\right)",
        "reading",
    ),
    Claim(
        "evolution.absorbed",
        "S3: the state's own path carries the error",
        "W_s is a diagonal of positive fractions, and so is the gate: their product is again one, so W_s = I loses "
        "nothing, and every cell of step S2 has a twin without W_s. What is won is the upper end: along the path "
        "s[n-1] to s[n] an error shrinks by (g_cs W_s)^n before, which stays below W_s^n however far the gate is "
        "open, and by g_cs^n after. At g_cs = 1 it arrives unchanged: the constant error carousel. This library's "
        "reading of the paper.",
        r"\psi[N-n] = (g_{cs} \odot w_s)^n \odot \psi[N] \quad\longrightarrow\quad g_{cs}^n \odot \psi[N]",
        "reading",
    ),
    Claim(
        "evolution.readout",
        "S4: the readout no longer disturbs the carousel",
        "With W_s = I there is still a second way from s[n-1] to s[n]: through the readout, which is fed back. At "
        "rest it adds W_r to the identity, and an error drifts off the carousel, growing or dying with powers of "
        "I + g_cu W_r. A gate on the readout scales that way; closed, it leaves the error unchanged. The same gate "
        "scales the gradient that comes from the output, g_cr G_d'(s). This library's reading of the paper.",
        r"v[n] = g_{cr} \odot G_d(s[n]), \qquad "
        r"\psi[N-n] = \left(\left(I + g_{cu}\, W_r\, \mathrm{diag}(g_{cr})\right)^T\right)^n \psi[N]",
        "reading",
    ),
    Claim(
        "evolution.input_gate",
        "S5: an input gate does not touch stability",
        "The input's part of the update could have its own gate. Whatever its value, the growth of a disturbance near "
        "rest is the same, because no way from state to state leads through the input: the input cannot harm "
        "stability. The gate scales only what the input writes. So the Vanilla LSTM leaves it out, and the "
        "augmented LSTM takes it up again. This library's reading of the paper.",
        r"F_u = W_r v[n-1] + g_{cx} \odot W_x x[n] + \theta_s, \qquad "
        r"\frac{\partial s[n]}{\partial s[n-1]} \text{ free of } g_{cx}, \quad "
        r"\frac{\partial s[n]}{\partial x[n]} = \mathrm{diag}(g_{cu}\, g_{cx})\, W_x",
        "reading",
    ),
    Claim(
        "evolution.bounded",
        "S6: a bounded update bounds the state",
        "While the update is linear, the state follows the input to any height, in proportion to its amplitude. "
        "Warped by G_d, an update lies in [-1, 1], and the state within a geometric sum of the gates, whatever the "
        "input and the weights. At g_cs = 1 that bound is n g_cu: the state can still count, but by no more than "
        "one a step. This library's reading of the paper; the bound is derived here.",
        r"|s[n]| \le g_{cu} \frac{1 - g_{cs}^{n}}{1 - g_{cs}} \quad (s[0] = 0)",
        "reading",
    ),
    Claim(
        "evolution.functions",
        "S7: gates that see the data choose what to remember",
        "A constant gate treats all samples alike. The best that a cell in its linear range can then know of one "
        "sample, n samples of the same variance later, is a share 1/(n + 1) of its variance, at g_cs = 1; a smaller "
        "gate forgets faster still. A gate that is a function of the input opens at a marked sample and stays shut "
        "at others, and the share stays near one: this is what the LSTM is for. Step S7 is this "
        "library's reading of the paper; the shares are derived here.",
        r"R^2(n) = \frac{g_{cs}^{2n}}{\sum_{k=0}^{n} g_{cs}^{2k}} \quad\longrightarrow\quad "
        r"\frac{G_c(\kappa/2)^2}{G_c(\kappa/2)^2 + n\, G_c(-\kappa/2)^2}",
        "derived",
    ),
    Claim(
        "evolution.ends",
        "The road begins and ends at the paper's equations",
        "The first two cells are the standard and the canonical RNN, the last two the Vanilla and the augmented LSTM: "
        "the same signals and the same gradients as the paper's equations, which this library keeps as NumPy "
        "code of its own, with training equations derived by hand. Public notes on the paper confirm the RNN, a "
        "public program in its notation the Vanilla LSTM; the augmented one is this library's reading.",
        r"s[n] = g_{cs} \odot s[n-1] + g_{cu} \odot G_d(a_{du}), \qquad v[n] = g_{cr} \odot G_d(s[n])",
        "confirmed",
    ),
    Claim(
        "evolution.training",
        "What each step learns",
        "Every cell of the road is trained on two tasks of Hochreiter and Schmidhuber (1997) with a long "
        "dependency, with several seeds and a small budget. The standard RNN must fail, because its error dies on the "
        "way back, and most seeds of the Vanilla and the augmented LSTM must learn both. For the steps between theory "
        "says only that an error can arrive: the 2-sequence problem asks for no more, and W_s, while it stands "
        "beside a gate, is in the way. The adding problem asks besides to tell marked samples from others, "
        "in which constant gates are no help and the bounded update is some. Steps are this library's "
        "reading of the paper; the criterion of the 2-sequence problem, not one of 256 wrong, is strict.",
        r"\text{success} = \frac{\#\,\text{seeds that learnt}}{\#\,\text{seeds}}",
        "reading",
    ),
)
