"""What a model costs in the artist's money, where a compute unit's price was entered; and what CU means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator import Fault
from tests.blender.drawing import draw
from tests.blender.pictures import picture_file
from tests.blender.priced import chosen, settle
from tests.blender.snapshots import session_with, snapshot
from tests.blender.working import finish, generate, newest_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from emulator import Emulator

pytestmark = pytest.mark.usefixtures("quick_prices")


@pytest.fixture
def costs(addon: Any) -> Iterator[Callable[[float, str], None]]:
    """Enter what a compute unit costs."""
    kept = addon.preferences.preferences()

    def enter(price: float, currency: str) -> None:
        kept.cu_price, kept.currency = price, currency

    yield enter
    kept.property_unset("cu_price")
    kept.property_unset("currency")


@pytest.mark.parametrize(
    ("price", "currency", "cost", "words"),
    [
        (0.05, "€", 7.25, "7.25 CU (0.36 €)"),
        (0.05, " USD ", 7.25, "7.25 CU (0.36 USD)"),
        (0.05, "", 7.25, "7.25 CU (0.36)"),
        (0.001, "€", 7.25, "7.25 CU (0.0073 €)"),
        (7.5, "¥", 290.0, "290 CU (2,175 ¥)"),
        (0.0, "€", 7.25, "7.25 CU"),
    ],
)
def test_money_stands_beside_the_units(
    addon: Any, costs: Any, price: float, currency: str, cost: float, words: str
) -> None:
    costs(price, currency)
    assert addon.price_tag.cost_words(cost) == words


def test_the_button_says_money_for_all_variations(addon: Any, connected: Emulator, costs: Any) -> None:
    costs(0.05, "€")
    assert settle(addon) == "Generate · 7.25 CU (0.36 €)"
    chosen().variations = 2
    assert settle(addon) == "Generate 2 · 14.5 CU (0.73 €)"


def test_the_questions_before_money_is_spent_say_money(addon: Any, costs: Any) -> None:
    costs(0.05, "€")
    addon.preferences.preferences().price_limit = 7.0
    try:
        said = addon.price_tag.objection(7.25)
    finally:
        addon.preferences.preferences().price_limit = 0.0
    assert said == "This costs 7.25 CU (0.36 €), more than your limit of 7 CU (0.35 €). Go on anyway?"
    assert addon.batch_drawing.price_words(21.75) == "21.75 CU (1.09 €) altogether"


def test_what_was_spent_is_said_in_money(addon: Any, costs: Any) -> None:
    costs(0.05, "€")
    jobs = [snapshot(addon, number=number, remote_id=f"job_{number}", cost=7.25) for number in range(2)]
    with session_with(addon, jobs) as session:
        for job in jobs:
            session.spending.add(job)
        assert draw(addon.panels.TRELLIS2_PT_jobs, width=900).text.endswith("November 2026: 2 models, 14.5 CU (0.73 €)")


def meaning(addon: Any) -> bool:
    """Whether the panel says what CU are, with the way to enter a price."""
    page = draw(addon.panels.TRELLIS2_PT_generate, width=900)
    assert (addon.first_run.UNIT in page.texts) is ("trellis2.open_preferences" in page.operator_ids)
    return addon.first_run.UNIT in page.texts


def test_cu_is_explained_with_the_first_price_and_not_after_the_first_model(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    assert not meaning(addon)
    settle(addon)
    assert meaning(addon)
    finish(picture_file(tmp_path))
    assert not meaning(addon)


def test_the_error_of_the_first_job_has_the_room_where_cu_was_explained(
    addon: Any, connected: Emulator, tmp_path: Path
) -> None:
    settle(addon)
    assert meaning(addon)
    connected.fault("submit", Fault(job="fails"))
    with pytest.raises(RuntimeError, match="The generation failed"):
        generate(picture_file(tmp_path), wait=True)
    assert newest_job().stage.value == "failed"
    assert not meaning(addon)
