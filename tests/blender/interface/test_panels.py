"""The sidebar: drawn without an error in every state of a job, with the sentence and what can be done about it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

from tests.blender.drawing import Layout, Page, draw, surroundings
from tests.blender.snapshots import BEGUN, session_with, snapshot, written
from tests.blender.working import OPS, refusal

STAGES = (
    "queued",
    "uploading",
    "submitting",
    "unconfirmed",
    "running",
    "downloading",
    "reading",
    "ready",
    "imported",
    "failed",
    "cancelled",
    "uncertain",
)
RESTING = ("ready", "imported", "failed", "cancelled", "uncertain")


@pytest.fixture
def show(addon: Any) -> Any:
    """Draw the panel of the jobs with one job that is given these values."""

    def shown(stage: str, waiting_for: str = "", notices: tuple[str, ...] = (), **values: Any) -> Page:
        with session_with(addon, [snapshot(addon, stage, **values)], notices, waiting_for):
            return draw(addon.panels.TRELLIS2_PT_jobs)

    return shown


def remedies(addon: Any) -> list[Any]:
    """All remedies that there are."""
    return list(addon.errors.Remedy)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("progress", [0.0, 0.42, 1.0])
def test_a_job_is_drawn_in_every_stage(show: Any, stage: str, progress: float) -> None:
    page = show(stage, progress=progress)
    assert page.texts[0] == "Tür"


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("state", [{"foreign": True}, {"cancel_asked": True}, {"remote_status": "queued"}])
def test_a_job_is_drawn_in_every_special_state(show: Any, stage: str, state: dict[str, Any]) -> None:
    assert show(stage, **state).texts[0] == "Tür"


OF_A_MODEL = ("trellis2.import_model", "trellis2.enlarge_job")


@pytest.mark.parametrize("stage", STAGES)
def test_what_can_be_done_is_what_is_offered(show: Any, stage: str) -> None:
    offered = set(show(stage).operator_ids)
    expected = {
        "ready": {*OF_A_MODEL, "trellis2.change_one_thing", "wm.url_open"},
        "imported": {*OF_A_MODEL, "trellis2.change_one_thing", "wm.url_open"},
        "failed": {"trellis2.retry"},
        "cancelled": {"trellis2.retry"},
        "uncertain": {"wm.url_open", "trellis2.import_by_id", "trellis2.retry", "trellis2.remove"},
    }
    assert offered == expected.get(stage, {"trellis2.cancel"})


@pytest.mark.parametrize("stage", sorted(set(STAGES) - set(RESTING)))
def test_what_another_blender_does_can_not_be_cancelled_here(show: Any, stage: str) -> None:
    page = show(stage, foreign=True)
    assert page.operator_ids == []
    assert "Another Blender" in page.text


def test_an_uncertain_job_says_so_and_what_can_be_done_about_it(show: Any) -> None:
    page = show("uncertain", message="It is not known.", may_be_paid=True, cost=7.25)
    assert "It is not known." in page.text
    labels = [label for _, label, _ in page.operators]
    assert labels == ["Look at Scenario", "Import by Job ID", "Submit Again · 7.25 CU", "Remove"]


def test_a_job_that_scenario_does_not_stop_says_so_until_it_is_there(addon: Any, show: Any) -> None:
    wish = {"cancel_asked": True, "cancel_refused": True}
    page = show("running", **wish)
    assert addon.job_panel.state_sentence(snapshot(addon, "running", **wish)) in page.text
    assert "does not stop a running model" in page.text
    assert "trellis2.cancel" not in page.operator_ids
    assert "does not stop" not in show("ready", **wish).text


def test_a_cancelled_job_whose_model_is_paid_for_says_that_it_is_kept(show: Any) -> None:
    for stage in ("downloading", "reading"):
        page = show(stage, cancel_asked=True)
        assert "The model is paid for; it will be kept in the list, and not imported" in page.text
        assert "trellis2.cancel" not in page.operator_ids
    assert "the model is paid for. It is kept here" in show("ready", cancel_asked=True).text
    assert "kept" not in show("imported", cancel_asked=True).text


def test_every_button_belongs_to_its_job(show: Any) -> None:
    for stage in STAGES:
        for name, _, given in show(stage).operators:
            assert name == "wm.url_open" or given["job_id"] == "20261122-000000-abcdef"


def test_a_failure_is_shown_with_its_whole_sentence(show: Any) -> None:
    sentence = "Scenario could not make the model: the picture is empty. Try again, or another picture."
    assert sentence in show("failed", message=sentence).text


def test_every_remedy_is_offered_beside_the_sentence(show: Any, addon: Any) -> None:
    offered = {each.value: show("failed", message="Broken.", remedy=each).operators for each in remedies(addon)}
    assert {value: [(name, label) for name, label, _ in found] for value, found in offered.items()} == {
        "none": [("trellis2.retry", "Retry")],
        "retry": [("trellis2.retry", "Retry")],
        "submit_again": [("trellis2.retry", "Submit Again")],
        "key": [("trellis2.enter_key", "Enter Key"), ("trellis2.retry", "Retry")],
        "preferences": [("trellis2.open_preferences", "Open Preferences"), ("trellis2.retry", "Retry")],
        "online_access": [("trellis2.allow_online_access", "Allow Online Access"), ("trellis2.retry", "Retry")],
        "credits": [("wm.url_open", "Buy Credits"), ("trellis2.retry", "Retry")],
        "settings": [("trellis2.use_settings", "Use Settings"), ("trellis2.retry", "Retry")],
        "picture": [("trellis2.use_file", "Change Picture"), ("trellis2.retry", "Retry")],
        "opaque": [("trellis2.retry", "Retry")],  # nobody has the picture any more
        "render": [("render.render", "Render Image"), ("trellis2.retry", "Retry")],
        "folder": [("trellis2.open_folder", "Open Folder"), ("trellis2.retry", "Retry")],
        "scenario": [("wm.url_open", "Look at Scenario"), ("trellis2.retry", "Retry")],
        "importer": [("preferences.addon_enable", "Enable Importer"), ("trellis2.retry", "Retry")],
        "triangles": [("trellis2.use_triangles", "Use Triangles"), ("trellis2.retry", "Retry")],
        "libraries": [("screen.userpref_show", "Open File Paths"), ("trellis2.retry", "Retry")],
        "update": [("screen.userpref_show", "Open Extensions"), ("trellis2.retry", "Retry")],
    }


def test_what_keeps_a_job_waiting_is_shown(show: Any) -> None:
    assert "Scenario is busy. Retrying." in show("uploading", trouble="Scenario is busy. Retrying.").text


def test_what_an_import_waits_for_is_shown(show: Any) -> None:
    assert "Waiting for Object Mode" in show("ready", waiting_for="Waiting for Object Mode").text


def test_a_notice_is_shown_above_the_jobs(show: Any) -> None:
    page = show("running", notices=("The disk is full.",))
    assert page.texts[:2] == ["The disk is full.", "Tür"]
    assert page.operator_ids[0] == "trellis2.dismiss"


def test_a_message_that_was_read_can_be_taken_away(addon: Any) -> None:
    with session_with(addon, [snapshot(addon)], ["The disk is full."]):
        assert OPS.trellis2.dismiss() == {"FINISHED"}
        page = draw(addon.panels.TRELLIS2_PT_jobs)
        assert "The disk is full." not in page.texts
        assert "trellis2.dismiss" not in page.operator_ids
        assert refusal(OPS.trellis2.dismiss).endswith("There is no message to take away")


def test_a_notice_without_any_job_is_shown_too(addon: Any) -> None:
    with session_with(addon, [], ["The disk is full."]):
        assert addon.panels.TRELLIS2_PT_jobs.poll(bpy.context)
        assert draw(addon.panels.TRELLIS2_PT_jobs).texts == ["The disk is full."]


def test_the_progress_of_the_generation_is_told_in_percent(show: Any) -> None:
    assert "Generating 42%" in show("running", progress=0.42).text


DEFAULT_WIDTH = 291  # pixels: as Blender opens the sidebar


def row_of(addon: Any, job: Any, width: int) -> list[str]:
    """What stands in the row of the only job: its texts, then its icon or its operator."""
    with session_with(addon, [job]):
        layout = Layout(Page(), surroundings(width))
        addon.job_panel.draw_row(layout, layout.surroundings, job.id)
    return layout.page.texts + layout.page.icons + layout.page.operator_ids


@pytest.mark.parametrize(
    ("width", "stands"),
    [
        (160, ["Tür", "CHECKMARK"]),
        (DEFAULT_WIDTH, ["Tür", "7.25 CU", "CHECKMARK"]),
        (420, ["Tür", "7.25 CU", "CHECKMARK"]),
        (500, ["Tür", "Imported", "7.25 CU", "CHECKMARK"]),
    ],
)
def test_a_narrower_row_loses_the_word_first_and_then_the_cost(addon: Any, width: int, stands: list[str]) -> None:
    assert row_of(addon, snapshot(addon, "imported", remote_id="job_1", cost=7.25), width) == stands


def test_a_row_shows_a_bar_with_the_percentage_where_another_shows_the_cost(addon: Any) -> None:
    job = snapshot(addon, "running", remote_id="job_1", cost=7.25, progress=0.42)
    assert row_of(addon, job, DEFAULT_WIDTH) == ["Tür", "42%", "trellis2.cancel"]
    assert row_of(addon, job, 500) == ["Tür", "Generating 42%", "42%", "trellis2.cancel"]


def test_a_job_that_was_refunded_shows_no_cost_but_what_another_try_would_cost(addon: Any) -> None:
    refunded = snapshot(addon, "failed", remote_id="job_1", remote_ended=True, cost=7.25, message="It failed.")
    kept = replace(refunded, charged_in_vain=7.25)
    for job, is_shown in ((refunded, False), (kept, True)):
        with session_with(addon, [job]):
            page = draw(addon.panels.TRELLIS2_PT_jobs, width=500)
        assert ("7.25 CU" in page.texts[2], "7.25 CU" in page.texts[-1]) == (is_shown, is_shown)
        assert ("trellis2.retry", "Retry · 7.25 CU") in [operator[:2] for operator in page.operators]


@pytest.mark.parametrize(
    ("stage", "values", "wide"),
    [
        ("running", {"progress": 0.42}, "Generating 42%"),
        ("running", {}, "Generating"),
        ("running", {"progress": 0.42, "cancel_asked": True}, "Asking Scenario to stop"),
        ("running", {"progress": 0.42, "cancel_asked": True, "cancel_refused": True}, "Generating 42%"),
        ("uploading", {"cancel_asked": True}, "Cancelling"),
        ("uncertain", {}, "Uncertain"),
        ("running", {"progress": 0.42, "foreign": True}, "Generating in Another Blender"),
    ],
)
def test_a_wide_row_says_the_state_in_words(addon: Any, stage: str, values: dict[str, Any], wide: str) -> None:
    job = snapshot(addon, stage, **values)
    assert (row_of(addon, job, 500)[1], wide in row_of(addon, job, DEFAULT_WIDTH)) == (wide, False)


@pytest.mark.parametrize("width", [160, DEFAULT_WIDTH, 500])
def test_all_rows_line_up_whatever_the_state_of_their_jobs(
    addon: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    factors: list[float] = []

    def split(self: Layout, *, factor: float, align: bool) -> Layout:
        factors.append(factor)
        return self

    monkeypatch.setattr(Layout, "split", split)
    rows = []
    for stage in STAGES:
        for cost in (0.0, 7.25, 1234.5):
            row_of(addon, snapshot(addon, stage, remote_id="job_1", cost=cost), width)
            rows.append((*factors,))
            factors.clear()
    assert len(set(rows)) == 1
    assert all(0.0 < factor < 1.0 for factor in rows[0])


def test_a_rows_tooltip_says_all_that_is_known_of_its_job(addon: Any) -> None:
    job = written(addon, "imported", name="Tür 2/4", remote_id="job_1", cost=7.25, ended=BEGUN + 95.0)
    (addon.session.jobs_root() / job.id / "model.glb").write_bytes(bytes(12_345_678))
    with session_with(addon, [job]) as state:
        state.root = addon.session.jobs_root()
        (row,) = addon.rows.of_window_manager().rows
        name, word, preset, seed, moment, size, cost = row.tooltip.splitlines()
    assert (name, word, preset, seed, size, cost) == (
        *("Tür 2/4", "Imported", "Preset: Standard", "Seed: 7", "12.3 MB", "7.25 CU"),
    )
    assert moment.endswith("1:35")


def test_a_rows_tooltip_says_why_its_job_failed(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, "failed", message="The picture is empty.")]):
        (row,) = addon.rows.of_window_manager().rows
        assert row.tooltip.splitlines()[-1] == "The picture is empty."


def test_a_tooltip_of_a_job_that_was_only_imported_claims_no_preset_and_no_seed(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, picture="", parameters={"seed": 0})]):
        (row,) = addon.rows.of_window_manager().rows
        assert "Preset" not in row.tooltip
        assert "Seed" not in row.tooltip


def test_the_chosen_jobs_error_and_what_helps_stand_above_the_list_however_long_it_is(addon: Any) -> None:
    made = [snapshot(addon, "imported", number, name=f"Tür {number}") for number in range(50)]
    made.append(snapshot(addon, "failed", 50, name="Tür 50", message="It broke.", remedy=remedies(addon)[-1]))
    with session_with(addon, made):
        page = draw(addon.panels.TRELLIS2_PT_jobs)
    assert page.texts.index("It broke.") < page.texts.index("Tür 49")
    assert page.order.index("screen.userpref_show") < page.order.index("trellis2.retry") < len(page.order)
    assert page.texts[0] == "Tür 50"


def test_a_sentence_is_wrapped_to_the_width_and_loses_no_word(addon: Any) -> None:
    sentence = "Scenario asks for payment. Buy credits or change the plan at app.scenario.com, then retry."
    lines = addon.sidebar.wrapped(sentence, 20)
    assert " ".join(lines) == sentence
    assert max(map(len, lines)) <= 20


@pytest.mark.parametrize("width", [10, 17, 18, 19, 20, 34])
def test_no_line_begins_or_ends_with_the_dot_between_two_facts(addon: Any, width: int) -> None:
    facts = "22\u00a0Nov\u00a02026\u00a010:07 · Nothing\u00a0charged"
    assert addon.sidebar.wrapped(facts, width) == ["22 Nov 2026 10:07", "Nothing charged"]
    assert addon.sidebar.wrapped(facts, 40) == ["22 Nov 2026 10:07 · Nothing charged"]


def test_a_number_is_never_parted_from_its_unit(addon: Any) -> None:
    with session_with(addon, [snapshot(addon, remote_id="job_1", cost=7.25, ended=1_795_342_095.0)]):
        pages = [draw(addon.panels.TRELLIS2_PT_jobs, width=width).texts for width in range(160, 320, 7)]
    assert len({len(page) for page in pages}) > 1
    ends = [page[: page.index("Not Right?")] for page in pages]
    assert all("7.25 CU" in page[-1] or "7.25 CU" in page[-2] for page in ends)


def test_each_question_after_a_result_says_what_its_answer_costs(addon: Any, show: Any) -> None:
    buttons = {
        given["complaint"]: label for _, label, given in show("imported", cost=7.25).operators if "complaint" in given
    }
    assert buttons == {"FLAT": "Flat? · 7.25 CU", "SOFT": "Too Soft? · 7.25 CU", "SPOTS": "Spots? · 7.25 CU"}


def test_japanese_is_wrapped_between_characters_and_a_closing_one_stays_with_its_own(addon: Any) -> None:
    sentence = "画像「椅子.png」が見つかりません。別のファイルを選択してください。"
    for width in range(8, 40):
        lines = addon.sidebar.wrapped(sentence, width)
        assert "".join(lines) == sentence
        assert len(lines) >= 2 * len(sentence) / (width + 2)
        assert not [line for line in lines if line[0] in "。」、"]


def test_a_no_break_space_keeps_a_line_together(addon: Any) -> None:
    assert addon.sidebar.wrapped("Choisir le rendu\u00a0: oui", 16) == ["Choisir le", "rendu : oui"]


def test_a_wider_sidebar_takes_fewer_lines(show: Any, addon: Any) -> None:
    with session_with(addon, [], ["The disk is full. Free some space."]):
        pages = [draw(addon.panels.TRELLIS2_PT_jobs, width=width) for width in (160, 900)]
    assert len(pages[0].texts) > len(pages[1].texts) > 0


def test_without_jobs_the_panel_of_the_jobs_is_not_shown(addon: Any) -> None:
    assert not addon.panels.TRELLIS2_PT_jobs.poll(bpy.context)


@pytest.mark.parametrize("source", ["RENDER", "FILE", "IMAGE", "VIEWPORT", "CAMERA", "CLIPBOARD"])
def test_every_source_takes_one_row_above_the_button(
    addon: Any, connected: object, monkeypatch: pytest.MonkeyPatch, source: str
) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source, scene.trellis2.filepath = source, "//chair.png"
    page, rows = Page(), []

    def draw_line(_source: Any, row: Layout, *_given: object) -> None:
        rows.append(row)

    monkeypatch.setattr(type(addon.sources.TABLE[0]), "draw_line", draw_line)
    page = draw(addon.panels.TRELLIS2_PT_generate)
    assert len(rows) == 1
    assert page.order[:2] == ["source", "trellis2.use_preset"]
    button = next(number for number, name in enumerate(page.order) if name.startswith("trellis2.generate"))
    assert page.order[button - 1] == "variations"
    assert {"trellis2.look_again"}.isdisjoint(page.order[:button])


@pytest.mark.parametrize("source", ["RENDER", "FILE", "IMAGE", "VIEWPORT", "CAMERA", "CLIPBOARD"])
def test_the_button_belongs_to_the_chosen_source(addon: Any, connected: object, source: str) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source, scene.trellis2.filepath = source, "//chair.png"
    page = draw(addon.panels.TRELLIS2_PT_generate)
    expected: dict[str, tuple[str, dict[str, str]]] = {
        "RENDER": ("generate_render", {}),
        "FILE": ("generate_image", {"filepath": "//chair.png"}),
        "IMAGE": ("generate_open_image", {}),
        "VIEWPORT": ("generate_viewport", {}),
        "CAMERA": ("generate_camera", {}),
        "CLIPBOARD": ("generate_clipboard", {}),
    }
    operator, given = expected[source]
    pressed = [each for each in page.operators if each[0].startswith("trellis2.generate")]
    assert pressed == [(f"trellis2.{operator}", "Generate", given)]


def test_the_panel_says_which_tile_and_which_frame_is_taken(addon: Any) -> None:
    scene: Any = bpy.context.scene
    scene.trellis2.source = "IMAGE"
    scene.trellis2.image = bpy.data.images.new("wall", 8, 8, tiled=True)
    scene.trellis2.image.tiles.new(1012)
    scene.trellis2.image.tiles.active_index = 1
    assert "Tile 1012" in draw(addon.panels.TRELLIS2_PT_generate).texts
    scene.trellis2.image = bpy.data.images.new("frames", 8, 8)
    scene.trellis2.image.source = "SEQUENCE"
    scene.frame_set(7)
    assert "Frame 7" in draw(addon.panels.TRELLIS2_PT_generate).texts


def test_every_parameter_has_its_place_in_one_panel(addon: Any) -> None:
    parent = "TRELLIS2_PT_parameters"
    pages = [draw(panel) for panel in addon.registration.classes() if getattr(panel, "bl_parent_id", "") == parent]
    places = [name for page in pages for name in page.properties]
    assert sorted(places) == sorted(parameter.name for parameter in addon.scene_settings.TABLE)
    assert draw(addon.panels.TRELLIS2_PT_parameters).properties == ["use_seed", "seed"]


def test_the_preferences_are_drawn(addon: Any) -> None:
    page = draw(addon.preferences.TRELLIS2_AP_preferences)
    assert page.operator_ids == [
        "wm.url_open",
        "trellis2.test_connection",
        "trellis2.forget_key",
        "trellis2.open_jobs_folder",
        "trellis2.clean_up",
        "wm.url_open",
        "wm.url_open",
    ]


def test_an_image_editors_panel_is_for_the_image_that_it_shows(addon: Any) -> None:
    panel, shown = addon.panels.TRELLIS2_PT_image, bpy.data.images.new("Shown", 8, 8)
    assert not panel.poll(SimpleNamespace(edit_image=None))
    assert not panel.poll(SimpleNamespace())
    assert panel.poll(SimpleNamespace(edit_image=shown))
    page = draw(panel, of_context={"edit_image": shown})
    assert "trellis2.generate_open_image" in page.operator_ids
    assert "trellis2.use_preset" in page.operator_ids
    assert {"source", "image"}.isdisjoint(page.properties)
    assert "variations" in page.properties
