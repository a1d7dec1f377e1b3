"""fastai's AWD_LSTM as a language model: a quarter of its default size, with all its dropouts.

Its WeightDropout takes the recurrent weights out of the layer and sets a tensor in their place before every call.
"""

import torch
from fastai.callback.core import Callback
from fastai.data.core import DataLoaders
from fastai.losses import CrossEntropyLossFlat
from fastai.text.data import LMDataLoader
from fastai.text.learner import LMLearner
from fastai.text.models.awdlstm import AWD_LSTM, awd_lstm_lm_config
from fastai.text.models.core import get_language_model
from fastai.torch_core import set_seed

import carousel
from integration.fits import Fit, Prepare, Watch

PACKAGE, MODEL = "fastai", "AWD_LSTM"
swap = carousel.swap_lstms

VOCABULARY, BATCH, LENGTH = 200, 16, 40


class Watching(Callback):
    def __init__(self, watch: Watch):
        self.watch = watch

    def after_batch(self):
        if self.training:
            self.watch.step(self.loss)


def fit(prepare: Prepare, steps: int) -> Fit:
    watch = Watch()
    set_seed(1)
    # A walk through the vocabulary in steps of 1 to 3.
    text = torch.randint(1, 4, (BATCH * (LENGTH * steps + 1),)).cumsum(0) % VOCABULARY
    batches = LMDataLoader([text], lens=[len(text)], bs=BATCH, seq_len=LENGTH)
    model = get_language_model(AWD_LSTM, VOCABULARY, awd_lstm_lm_config | dict(emb_sz=100, n_hid=288))
    prepare(model)
    learner = LMLearner(
        DataLoaders(batches, batches),
        model,
        loss_func=CrossEntropyLossFlat(),
        cbs=Watching(watch),
    )
    with learner.no_bar(), learner.no_logging(), learner.no_mbar():
        learner.fit(1, 1e-2)

    def forecast():
        model.eval()
        model.reset()
        with torch.no_grad():
            return model(text[: 4 * LENGTH].view(4, LENGTH))[0].numpy()

    return Fit(model, watch, forecast)
