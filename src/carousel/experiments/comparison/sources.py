"""What a comparison is asked of: something to train on, or folders of what was trained before."""

from collections.abc import Sequence
from pathlib import Path

from carousel.data.music import holds_midi
from carousel.errors import CarouselError
from carousel.experiments.comparison.data_sets import is_comparison
from carousel.experiments.comparison.plan import RUNS
from carousel.experiments.recipes import available
from carousel.training.parts import CONFIG, MODEL


def are_trained(sources: Sequence[str]) -> bool:
    """Whether they are runs, folders of runs or comparisons; else there is one, and it is to be trained on.

    A recipe is meant by its name even where a folder of that name lies.

    Raises:
        CarouselError: there are several, and one holds no run; or one alone is a folder of neither runs nor data.
    """
    if len(sources) == 1 and sources[0] in available():
        return False
    other = next((source for source in sources if not _holds_runs(Path(source))), None)
    if other is None:
        return True
    if len(sources) > 1:
        raise CarouselError(
            f"'{other}' is no run folder; give run folders, or one recipe, configuration or file"
        )
    if Path(other).is_dir() and not holds_midi(Path(other)):
        raise CarouselError(
            f"the folder '{other}' holds neither runs nor data, which are MIDI files in a folder; name a folder that "
            "does, a recipe, a configuration or a file"
        )
    return False


def _holds_runs(folder: Path) -> bool:
    """Whether a folder is a run or a comparison, whole or not, or has runs in it; one of music may have some, too."""
    if is_comparison(folder) or any((folder / name).is_file() for name in (CONFIG, MODEL)):
        return True
    return any(folder.glob(f"*/{CONFIG}")) or (folder / RUNS).is_dir() and not holds_midi(folder)
