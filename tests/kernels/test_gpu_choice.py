"""What a GPU would run, and why: asked of tensors that only say they are on one."""

import contextlib
import itertools

import pytest
import torch
from scans import CELLS, make, name_of
from torch._subclasses.fake_tensor import FakeTensorMode

import carousel
from carousel import kernels
from carousel.kernels import LSTMCell, Masks, RNNCell, choose, eager, gpu, operators, use_kernel
from carousel.kernels.gpu import card, trust
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.form import form_of, instead_of
from carousel.kernels.gpu.persistent import Persistent
from carousel.kernels.gpu.streamed import Streamed

H100 = Card(processors=132, shared=227 * 1024)
A100 = Card(processors=108, shared=163 * 1024)
FULL = LSTMCell("full")


@pytest.mark.parametrize(
    "cell, H, dtype, card, units",
    [
        (FULL, 1024, torch.bfloat16, H100, 8),
        (FULL, 512, torch.bfloat16, H100, 16),
        (LSTMCell("full", True), 1024, torch.float16, H100, 8),
        (LSTMCell("diagonal"), 1024, torch.bfloat16, H100, 16),
        (FULL, 1025, torch.bfloat16, H100, None),
        (FULL, 512, torch.float32, H100, 4),
        (LSTMCell("diagonal"), 512, torch.float32, H100, 8),
        (LSTMCell("diagonal"), 512, torch.float32, A100, None),
        (LSTMCell("diagonal"), 256, torch.float32, A100, 8),
        (FULL, 1024, torch.float32, H100, None),
        (FULL, 1024, torch.bfloat16, A100, None),
        (FULL, 512, torch.bfloat16, A100, 16),
        (LSTMCell(), 1, torch.bfloat16, A100, 16),
    ],
)
def test_persistent_where_the_weights_fit(cell, H, dtype, card, units):
    form, reason = form_of(cell, 16, H, dtype, card)
    if units is None:
        assert form == Streamed(cell, card.processors)
        assert reason.startswith("streamed: ") and "do not fit" in reason
    else:
        assert form == Persistent(cell, units, card.processors)
        assert reason.startswith("persistent: ") and " fit " in reason


def test_large_batches_read_the_weights_anew():
    """The more sequences, the more tiles one after another, or the more there is to do with a weight once read."""
    forms = [form_of(FULL, B, 1024, torch.bfloat16, H100)[0] for B in (1, 16, 64, 128, 256, 4096)]
    streamed, wide = Streamed(FULL, 132), Streamed(FULL, 132, is_wide=True)
    assert forms == [Persistent(FULL, 8, 132)] * 2 + [streamed] + [wide] * 3
    assert form_of(FULL, 64, 256, torch.bfloat16, H100)[0] == Persistent(FULL, 16, 132)


def test_wide_tiles_only_where_they_fit():
    """A kernel that does not would be told as a fault."""
    small = Card(processors=128, shared=99 * 1024)
    for cell, is_wide in (FULL, True), (LSTMCell("full", True), False):
        assert form_of(cell, 4096, 1024, torch.bfloat16, small)[0] == Streamed(cell, 128, is_wide)


@pytest.mark.parametrize("card", [H100, A100], ids=["H100", "A100"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("cell", [LSTMCell("diagonal"), FULL], ids=name_of)
def test_no_form_comes_back_for_larger_batches(cell, dtype, card):
    """Each is compiled once, and two batches of nearly one size take the same."""
    for H in 64, 250, 256, 512, 768, 1024, 2048:
        forms = [form_of(cell, 1 << k, H, dtype, card)[0] for k in range(12)]
        assert len([form for form, _ in itertools.groupby(forms)]) == len(set(forms)) <= 3
        for k, form in enumerate(forms[1:]):
            assert form_of(cell, (1 << k) + 1, H, dtype, card)[0] == form


def test_the_reason_has_the_numbers():
    assert form_of(FULL, 16, 1024, torch.bfloat16, H100)[1] == (
        "persistent: 128 times 176 KB of weights and signals fit 132 multiprocessors of 227 KB"
    )
    assert form_of(FULL, 16, 1024, torch.bfloat16, A100)[1] == (
        "streamed: 256 times 120 KB of weights and signals do not fit 108 multiprocessors of 163 KB"
    )
    assert form_of(FULL, 256, 1024, torch.bfloat16, H100)[1] == (
        "streamed: for up to 256 sequences a phase that reads the weights anew should take 9 µs, and one that keeps "
        "them on the chip 23"
    )


def test_what_takes_the_place_of_a_form():
    """In the end launches that wait for none; then nothing."""
    narrow, alone = Streamed(FULL, 132), Streamed(FULL, 132, phases_a_launch=1)
    assert instead_of(Persistent(FULL, 8, 132)) == instead_of(Streamed(FULL, 132, is_wide=True)) == narrow
    assert instead_of(narrow) == alone and instead_of(alone) is None


@pytest.fixture
def on_gpu(monkeypatch):
    """An H100 that is not there, with every library it needs."""
    monkeypatch.setattr(gpu, "missing", lambda device: "")
    monkeypatch.setattr(gpu, "card_of", lambda device: H100)
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: True)
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91900)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (9, 0))
    with FakeTensorMode(allow_non_fake_inputs=True):
        yield


def chosen(cell, dtype=torch.bfloat16, lengths=None, **more):
    x, s = (torch.empty(shape, dtype=dtype, device="cuda") for shape in ((3, 2, 4), (2, 512)))
    return choose(cell, x, (s, s), lengths, **more)


def faulty(form):
    """Under what a fault is remembered."""
    return form, 512, torch.bfloat16, "ieee", torch.device("cuda", 0)


def forget(monkeypatch):
    """No kernel has run yet."""
    monkeypatch.setattr(trust, "_wrong", {})
    monkeypatch.setattr(trust, "_right", set())


FITS = "persistent: 32 times 144 KB of weights and signals fit 132 multiprocessors of 227 KB"


def test_plain_cells_go_to_cudnn(on_gpu):
    told = ("cudnn", "it has this cell, dtype and device, and the sequences are of one length")
    for cell in LSTMCell(), LSTMCell(projection=True):
        for dtype in torch.float64, torch.float32, torch.bfloat16, torch.float16:
            assert chosen(cell, dtype) == told


def test_all_else_goes_to_triton(on_gpu):
    assert chosen(FULL) == ("triton", FITS)
    for cell in CELLS:
        if cell.peephole != "none" or cell.input_gate:
            assert chosen(cell).kernel == "triton", name_of(cell)
    assert chosen(LSTMCell(), lengths=torch.tensor([3, 1])).kernel == "triton"
    with use_kernel("triton"):
        assert chosen(LSTMCell()).kernel == "triton"


def test_regularised_cells(on_gpu):
    for cell in LSTMCell(), FULL:
        assert chosen(cell, masks=Masks(torch.ones(2, 512))).kernel == "triton"
        behind = LSTMCell(cell.peephole, projection=True)
        told = chosen(behind, masks=Masks(torch.ones(2, 512)))
        assert told == ("eager", "no kernel for GPUs has recurrent dropout behind a projection")
        assert chosen(cell, masks=Masks(zones=(torch.ones(()),) * 2)) == ("eager", "no kernel has zoneout")


def test_the_operator_refuses_a_mask_there(monkeypatch):
    given = make(LSTMCell("full", projection=True), 3, 2, 4, 5, masked=True).arguments
    operators._check(given)
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    with pytest.raises(
        ValueError, match="carousel::lstm: no kernel for GPUs takes a v_mask with hr; run carousel.use_k"
    ):
        operators._check(given)


def test_without_cudnn_plain_cells_go_to_triton(on_gpu, monkeypatch):
    monkeypatch.setattr(torch.backends.cudnn, "is_available", lambda: False)
    assert chosen(LSTMCell()).kernel == "triton"


def test_bfloat16_goes_to_triton_where_pytorch_would_not_take_cudnn(on_gpu, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(torch.backends.cudnn, "version", lambda: 91002)
        assert chosen(LSTMCell()).kernel == "triton"
        assert chosen(LSTMCell(), torch.float16).kernel == "cudnn"
    monkeypatch.setattr(torch, "__version__", "2.9.1+cu130")
    assert chosen(LSTMCell()).kernel == "triton"


@pytest.fixture
def autocast(on_gpu):
    """torch.autocast("cuda", torch.bfloat16), which asks for a GPU."""
    before = torch.get_autocast_dtype("cuda")
    torch.set_autocast_enabled("cuda", True)
    torch.set_autocast_dtype("cuda", torch.bfloat16)
    yield
    torch.set_autocast_enabled("cuda", False)
    torch.set_autocast_dtype("cuda", before)


def test_autocast_says_in_what_dtype_kernels_compute(autocast, monkeypatch):
    assert chosen(FULL, torch.float32) == ("triton", FITS)  # in float32 there are 128 times 4 units
    assert chosen(LSTMCell(), torch.float32).kernel == "cudnn"
    assert chosen(FULL, torch.float64).kernel == "eager"
    ran = []

    def scan(cell, x, state, weights, *settings):
        ran.append({tensor.dtype for tensor in (x, *state, *weights) if tensor is not None})
        assert not torch.is_autocast_enabled("cuda")
        return x.new_empty(*x.shape[:2], 5), state

    monkeypatch.setattr(operators, "scan", scan)
    one = make(FULL, 3, 2, 4, 5, dtype=torch.float32).map(
        lambda tensor: torch.empty_like(tensor, device="cuda")
    )
    v, last = kernels.scan(FULL, one.x.half(), (one.v_init, one.s_init), one.weights)
    assert ran == [{torch.bfloat16}]
    assert [part.dtype for part in (v, *last)] == [torch.float16, torch.float32, torch.float32]


def test_eager_and_why(on_gpu, monkeypatch):
    def reason(cell=FULL, **more):
        choice = chosen(cell, **more)
        assert choice.kernel == "eager"
        return choice.reason

    assert reason(dtype=torch.float64) == (
        "the Triton kernels have float32, bfloat16 and float16, and the input is torch.float64"
    )
    assert reason(RNNCell()) == "no kernel has an RNN, only LSTMs"
    with use_kernel("eager"):
        assert reason(LSTMCell()) == "use_kernel asked for it"
    x = torch.empty(3, 2, 4, device="cuda")
    mixed = "input, states and weights are {}"
    s = torch.empty(2, 512, device="cuda")
    assert choose(FULL, x, (s, s, torch.empty(1, device="cpu"))) == (
        "eager",
        mixed.format("on several devices"),
    )
    assert choose(FULL, x, (s, s.half())) == ("eager", mixed.format("of several dtypes"))
    assert choose(FULL, torch.empty(3, 0, 4, device="cuda"), (s, s)) == ("eager", "the input is empty")
    monkeypatch.setitem(trust._wrong, faulty(Persistent(FULL, 16, 132)), "the Triton kernel fails")
    assert chosen(FULL) == ("triton", "streamed: the Triton kernel fails")
    monkeypatch.setitem(trust._wrong, faulty(Streamed(FULL, 132)), "the Triton kernel hangs")
    assert chosen(FULL) == ("triton", "stepwise: the Triton kernel hangs")
    alone = Streamed(FULL, 132, phases_a_launch=1)
    monkeypatch.setitem(trust._wrong, faulty(alone), "the Triton kernel's v is off by 1")
    assert reason() == "the Triton kernel's v is off by 1"
    monkeypatch.setattr(gpu, "missing", lambda device: "Triton is not installed")
    assert reason() == "Triton is not installed"


@torch.no_grad()  # which would ask the GPU for a stream
def test_explain(on_gpu, monkeypatch):
    monkeypatch.setattr(torch.nn.init, "uniform_", lambda weight, low, high: weight)
    layer = carousel.VanillaLSTM(4, 512, device="cuda", dtype=torch.bfloat16)
    told = carousel.explain(layer)
    assert (told.kernel, told.level) == ("triton", "sm_90")
    assert str(told) == f"Triton (sm_90), because {FITS}"
    many = torch.empty(3, 300, 4, device="cuda", dtype=torch.bfloat16)
    assert carousel.explain(layer, many).reason.startswith("streamed: for up to 512 sequences a phase that")
    plain = carousel.LSTM(4, 5, device="cuda")
    assert str(carousel.explain(plain)).startswith("cuDNN (sm_90), because it has this cell")
    assert carousel.explain(plain, torch.empty(3, 4, device="cuda")).kernel == "cudnn"


def test_what_a_machine_lacks(monkeypatch):
    missing = card.missing.__wrapped__
    assert missing(torch.device("cpu")) == "the Triton kernels run on NVIDIA GPUs, and the input is on cpu"
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (7, 5))
    device = torch.device("cuda", 0)
    assert missing(device) == ("the Triton kernels need a GPU of compute capability 8.0, and cuda:0 has 7.5")
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    monkeypatch.setattr(card, "triton_missing", lambda: "no Triton")
    assert missing(device) == "no Triton"
    monkeypatch.setattr(torch.version, "hip", "6.0")
    assert "run on NVIDIA GPUs" in missing(device)


def test_what_triton_lacks(monkeypatch):
    lacks = card.triton_missing.__wrapped__
    monkeypatch.setattr(card, "version", lambda name: "3.5.1")
    monkeypatch.setattr(card.importlib.util, "find_spec", lambda name: object())
    assert lacks() == "the Triton kernels are tested with Triton 3.6 and later, and 3.5.1 is installed"
    monkeypatch.setattr(card, "version", lambda name: "3.10.0+git1234")
    assert lacks() == ""
    monkeypatch.setattr(card.importlib.util, "find_spec", lambda name: None)
    assert lacks() == "Triton is not installed; pip install 'carousel-lstm[gpu]'"
    monkeypatch.setattr(gpu, "triton_missing", lacks)
    with pytest.raises(RuntimeError, match="use_kernel: Triton is not installed"):
        use_kernel("triton")


@pytest.fixture
def matmul():
    """PyTorch's settings for products on a GPU."""
    settings = torch.backends.cuda.matmul
    before = settings.allow_tf32
    yield settings
    settings.allow_tf32 = before


def test_tf32_is_the_users_choice(matmul):
    assert card.precision(torch.float32) == "tf32x3"
    matmul.allow_tf32 = True
    assert card.precision(torch.float32) == "tf32"
    assert card.precision(torch.bfloat16) == "ieee"


def test_another_form_takes_the_place_of_what_is_found_wrong(monkeypatch):
    one, asked, ran = make(FULL, 3, 2, 4, 5, dtype=torch.float32).arguments, [], []
    alone = Streamed(FULL, 132, phases_a_launch=1)

    def examined(form, *case):
        asked.append(form)
        return "" if form == alone else "it hangs"

    def forward(given, keep, form):
        ran.append(form)
        return given.x, given.v_init, given.s_init, None

    forget(monkeypatch)
    monkeypatch.setattr(trust, "_examined", examined)
    monkeypatch.setattr(gpu, "card_of", lambda device: H100)
    monkeypatch.setattr(gpu, "_at_work", lambda device: contextlib.nullcontext())
    monkeypatch.setattr(gpu.scan, "forward", forward)
    with pytest.warns(UserWarning) as told:
        gpu.forward(one, keep=True)
    assert [str(warning.message) for warning in told] == [
        "carousel: it hangs; the form streamed takes its place",
        "carousel: it hangs; the form stepwise takes its place",
    ]
    gpu.forward(one, keep=True)
    assert ran == [alone] * 2 and asked == [Persistent(FULL, 16, 132), Streamed(FULL, 132), alone]
    forget(monkeypatch)
    monkeypatch.setattr(trust, "_examined", lambda form, *case: f"{form.name} hangs")
    with pytest.warns(UserWarning) as told:
        assert gpu.fault(one, keep=True) == "stepwise hangs"
    assert str(told[-1].message) == "carousel: stepwise hangs; PyTorch operations take its place"


def test_what_is_found_wrong_runs_on_eager(monkeypatch):
    """Not even the first answer is Triton's."""
    one, ran = make(FULL, 3, 2, 4, 5, dtype=torch.float32), []
    monkeypatch.setattr(torch.Tensor, "is_cuda", True)
    monkeypatch.setattr(gpu, "_trusted", lambda given, keep: (None, ran.append(keep) or "it is wrong"))
    v, last = operators.scan(FULL, one.x, (one.v_init, one.s_init), one.weights, None, False)
    wanted, _ = eager.scan(FULL, one.x, (one.v_init, one.s_init), one.weights)
    assert torch.equal(v, wanted) and ran == [False]
    with pytest.raises(RuntimeError, match="carousel::lstm: it is wrong; call carousel.use_kernel"):
        gpu.forward(one.arguments, keep=False)
