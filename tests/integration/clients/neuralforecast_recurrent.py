"""neuralforecast's LSTM in its recurrent form, whose layer has a projection."""

import functools

from integration.clients import neuralforecast_lstm

PACKAGE, MODEL = neuralforecast_lstm.PACKAGE, "LSTM(recurrent=True)"
swap = neuralforecast_lstm.swap
fit = functools.partial(neuralforecast_lstm.fit, recurrent=True)
