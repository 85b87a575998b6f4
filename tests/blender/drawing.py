"""A stand-in for Blender's layout: it writes down what is drawn, and objects to what Blender would object to.

Nothing is drawn without a window. Names, icons and properties are checked against this Blender's own description.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    from collections.abc import Mapping

LAYOUT: Any = bpy.types.UILayout.bl_rna
NOTHING: Mapping[str, Any] = MappingProxyType({})
HEIGHT = 900  # pixels, of a sidebar on a usual screen
ATTRIBUTES = frozenset(LAYOUT.properties.keys())


def operator_type(name: str) -> Any:
    """Return the description of an operator by its id. Raises KeyError when there is none."""
    module, function = name.split(".")
    return getattr(getattr(bpy.ops, module), function).get_rna_type()


class FilledPlaceholder:
    """The properties of an operator in a layout: takes values as Blender does."""

    given: dict[str, Any]
    type: Any

    def __init__(self, name: str) -> None:
        self.__dict__["given"], self.__dict__["type"] = {}, operator_type(name)

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in self.type.properties, f"the operator has no property {name}"
        self.given[name] = value


@dataclass
class Page:
    """What was drawn: the texts, the operators with their label and properties, the names of the properties.

    `grey` are the ids of operators that cannot be pressed, `pictures` the icons that are made from a file, `icons` are
    labels without a text, `pressed` the labels of buttons that show as pressed; `rows` has the layout of each operator,
    `scales` how large the icons are that stand alone; `order` the names of properties and ids of operators together.
    """

    texts: list[str] = field(default_factory=list)
    operators: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    properties: list[str] = field(default_factory=list)
    menus: list[str] = field(default_factory=list)
    grey: list[str] = field(default_factory=list)
    pictures: list[int] = field(default_factory=list)
    icons: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    popovers: list[str] = field(default_factory=list)
    scales: list[float] = field(default_factory=list)
    rows: list[tuple[Layout, str]] = field(default_factory=list)
    order: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All texts as one."""
        return " ".join(self.texts)

    @property
    def operator_ids(self) -> list[str]:
        """The operators' ids."""
        return [name for name, _, _ in self.operators]


class Layout:
    """Looks like bpy.types.UILayout to a draw function. `surroundings` is the context in which all is drawn."""

    page: Page
    surroundings: Any

    def __init__(self, page: Page, surroundings: Any = None) -> None:
        self.__dict__["page"], self.__dict__["surroundings"] = page, surroundings

    def __setattr__(self, name: str, value: Any) -> None:
        assert name in ATTRIBUTES, f"a layout has no {name}"
        self.__dict__[name] = value

    def row(self, **options: Any) -> Layout:
        return self._inner("row", options)

    def column(self, **options: Any) -> Layout:
        return self._inner("column", options)

    def box(self, **options: Any) -> Layout:
        return self._inner("box", options)

    def grid_flow(self, **options: Any) -> Layout:
        return self._inner("grid_flow", options)

    def split(self, **options: Any) -> Layout:
        return self._inner("split", options)

    def template_list(
        self, kind: str, _name: str, owner: Any, items: str, active_owner: Any, active: str, **options: Any
    ) -> None:
        _check("template_list", options)
        assert active in active_owner.bl_rna.properties, f"{active_owner} has no {active}"
        drawer = getattr(bpy.types, kind)
        for index, item in enumerate(list(getattr(owner, items))[: options["maxrows"]]):
            row = Layout(self.page, self.surroundings)
            drawer.draw_item(SimpleNamespace(), self.surroundings, row, owner, item, 0, active_owner, active, index, 0)

    def panel(self, _name: str, **options: Any) -> tuple[Layout, Layout]:
        return self._inner("panel", options), Layout(self.page, self.surroundings)

    def template_icon(self, icon: int, **options: Any) -> None:
        _check("template_icon", options)
        self.page.pictures.append(icon)
        self.page.scales.append(options["scale"])

    def separator(self, **options: Any) -> None:
        _check("separator", options)

    def label(self, **options: Any) -> None:
        _check("label", options)
        if "text" in options or "icon" not in options:
            self.page.texts.append(options.get("text", ""))
        else:
            self.page.icons.append(options["icon"])
        self.page.pictures += [options["icon_value"]] if "icon_value" in options else []

    def progress(self, **options: Any) -> None:
        _check("progress", options)
        assert 0.0 <= options["factor"] <= 1.0
        self.page.texts.append(options["text"])

    def popover(self, panel: str, **options: Any) -> None:
        _check("popover", options)
        assert hasattr(bpy.types, panel), f"there is no panel {panel}"
        self.page.popovers.append(panel)

    def menu(self, name: str, **options: Any) -> None:
        _check("menu", options)
        assert hasattr(bpy.types, name), f"there is no menu {name}"
        self.page.menus.append(name)

    def prop(self, owner: Any, name: str, **options: Any) -> None:
        _check("prop", options)
        assert name in owner.bl_rna.properties, f"{owner} has no {name}"
        self.page.properties.append(name)
        self.page.order.append(name)

    def template_ID(self, owner: Any, name: str, **options: Any) -> None:  # noqa: N802 - Blender's name
        _check("template_ID", options)
        assert name in owner.bl_rna.properties, f"{owner} has no {name}"
        self.page.properties.append(name)

    def operator(self, name: str, **options: Any) -> FilledPlaceholder:
        _check("operator", options)
        filled = FilledPlaceholder(name)
        self.page.operators.append((name, options.get("text", filled.type.name), filled.given))
        self.page.rows.append((self, name))
        self.page.order.append(name)
        self.page.pressed += [self.page.operators[-1][1]] if options.get("depress") else []
        self.page.grey += [] if self.__dict__.get("enabled", True) else [name]
        return filled

    def _inner(self, function: str, options: dict[str, Any]) -> Layout:
        _check(function, options)
        return Layout(self.page, self.surroundings)


def _check(function: str, options: dict[str, Any]) -> None:
    """Fail where this Blender's layout function has no such option, or no such icon."""
    parameters = LAYOUT.functions[function].parameters
    for name, value in options.items():
        assert name in parameters, f"UILayout.{function} has no {name}"
        if name == "icon":
            assert value in parameters["icon"].enum_items, f"there is no icon {value}"


def surroundings(width: int = 300, of_context: Mapping[str, Any] = MappingProxyType({}), space: Any = None) -> Any:
    """The context of a sidebar that is `width` pixels wide.

    `of_context`: what the editor adds to it. `space`: the viewport that the sidebar is in.
    """
    # Without a window there is no region, and the scale of the interface is 0.
    system = SimpleNamespace(ui_scale=1.0)
    preferences = SimpleNamespace(system=system, is_dirty=False, use_preferences_save=True)
    region, scene = SimpleNamespace(width=width, height=HEIGHT), bpy.context.scene
    return SimpleNamespace(
        area=None,
        screen=None,
        scene=scene,
        region=region,
        preferences=preferences,
        space_data=space,
        active_object=bpy.context.object,
        **of_context,
    )


def draw(
    drawn: Any,
    width: int = 300,
    part: str = "draw",
    of_context: Mapping[str, Any] = MappingProxyType({}),
    space: Any = None,
    **of_self: Any,
) -> Page:
    """Call the draw function of a panel, menu or preferences class, in a sidebar that is `width` pixels wide.

    `part` names another of its draw functions, `of_self` is what the class has of its own besides its layout,
    `of_context` what the editor adds to the context, `space` the viewport that the sidebar is in.
    """
    page, context = Page(), surroundings(width, of_context, space)
    panel = SimpleNamespace(layout=Layout(page, context), **of_self)
    for name in ("property_layout", "group", "bl_rna", "draw_fields"):
        if hasattr(drawn, name) and name not in of_self:
            value = getattr(drawn, name)
            setattr(panel, name, value.__get__(panel) if callable(value) else value)
    getattr(drawn, part)(panel, context)
    return page
