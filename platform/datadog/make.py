"""`python platform/datadog/make.py`: write the dashboards, objectives and monitors as Datadog's API takes them.

They are written anew each time; `tests/repo/test_datadog.py` compares.
"""

import json
from pathlib import Path
from typing import Any

from alerts import all_monitors, all_objectives
from dashboards import all_dashboards

HERE = Path(__file__).parent


def files() -> dict[str, Any]:
    """What each file holds, by its path in this folder."""
    kinds = {"dashboards": all_dashboards(), "objectives": all_objectives(), "monitors": all_monitors()}
    return {f"{kind}/{name}.json": content for kind, made in kinds.items() for name, content in made.items()}


def text(content: Any) -> str:
    """As it is written."""
    return json.dumps(content, indent=2) + "\n"


def main() -> None:
    """Write every file, and take those away that are no more."""
    made = files()
    for path in HERE.glob("*/*.json"):
        if str(path.relative_to(HERE)) not in made:
            path.unlink()
    for name, content in made.items():
        (HERE / name).parent.mkdir(exist_ok=True)
        (HERE / name).write_text(text(content))


if __name__ == "__main__":
    main()
