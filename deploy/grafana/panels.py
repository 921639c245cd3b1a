"""The few kinds of panels that the dashboards are made of, and what is the same on all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

from grafana_foundation_sdk.builders import common, heatmap, prometheus, stat, statushistory, table, timeseries
from grafana_foundation_sdk.builders import dashboard as made
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

TARGET = 'job=~"$job",instance=~"$instance"'
SCOPE = f'{TARGET},project=~"$project"'
"""The matchers of everything that is scraped; what is recorded has a project at most."""
SOURCE = kinds.DataSourceRef(type_val="prometheus", uid="${datasource}")
WIDTH = 24
COLOURS = {0: ("running or other", "blue"), 1: ("success", "green"), 2: ("failed", "red")}


class Kind(Enum):
    """How a panel shows its series."""

    STAT = "one value"
    SERIES = "lines over time"
    BARS = "stacked bars over time"
    HEATMAP = "a heatmap of buckets"
    TABLE = "a table of what is now"
    MATRIX = "a row for each, coloured over time"


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. `queries`: from expression to legend. `unit` as Grafana calls it. `width` of 24.

    `links`: from title to address, opened from a value. `exemplars`: the executions behind the points are shown.
    """

    kind: Kind
    title: str
    says: str
    queries: dict[str, str]
    unit: str = "short"
    width: int = 12
    links: Sequence[tuple[str, str]] = ()
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A choice that is made above the panels. `regex` takes text and value out of what the query finds."""

    name: str
    label: str
    query: str
    regex: str = ""
    multi: bool = True


JOB = Variable(name="job", label="Job", query="label_values(aom_collector_build_info, job)")
INSTANCE = Variable(
    name="instance", label="Instance", query='label_values(aom_collector_build_info{job=~"$job"}, instance)'
)
PROJECT = Variable(name="project", label="Project", query=f"label_values(aom_collector_workflows{{{TARGET}}}, project)")


def dashboard(
    uid: str, title: str, says: str, *, variables: Sequence[Variable], panels: Sequence[Panel]
) -> model.Dashboard:
    """A dashboard, panels in reading order, in rows of 24."""
    built = (
        made.Dashboard(title)
        .uid(uid)
        .description(says)
        .tags(["aom-collector"])
        .readonly()
        .timezone("utc")
        .time("now-6h", "now")
        .refresh("1m")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(_others())
        .with_variable(made.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    )
    for variable in variables:
        built = built.with_variable(_variable(variable))
    x = y = high = 0
    for number, panel in enumerate(panels, 1):
        height = _height(panel.kind)
        if x + panel.width > WIDTH:
            x, y, high = 0, y + high, 0
        built = built.with_panel(_panel(panel).id(number).grid_pos(model.GridPos(h=height, w=panel.width, x=x, y=y)))
        x, high = x + panel.width, max(high, height)
    return built.build()


def _height(kind: Kind) -> int:
    return 4 if kind is Kind.STAT else 8


def _others() -> made.DashboardLink:
    kind = model.DashboardLinkType.DASHBOARDS
    return made.DashboardLink("AOM").type(kind).tags(["aom-collector"]).keep_time(keep_time=True)


def _variable(variable: Variable) -> made.QueryVariable:
    return (
        made.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(SOURCE)
        .query(variable.query)
        .regex(variable.regex)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .multi(variable.multi)
        .include_all(variable.multi)
    )


Drawn = stat.Panel | timeseries.Panel | heatmap.Panel | table.Panel | statushistory.Panel

BUILDERS: dict[Kind, Callable[[], Drawn]] = {
    Kind.STAT: lambda: stat.Panel().text_mode(kinds.BigValueTextMode.VALUE_AND_NAME),
    Kind.SERIES: lambda: timeseries.Panel().fill_opacity(10).show_points(kinds.VisibilityMode.AUTO),
    Kind.BARS: lambda: (
        timeseries.Panel()
        .draw_style(kinds.GraphDrawStyle.BARS)
        .fill_opacity(80)
        .stacking(common.StackingConfig().mode(kinds.StackingMode.NORMAL))
    ),
    Kind.HEATMAP: heatmap.Panel,
    Kind.TABLE: lambda: table.Panel().filterable(filterable=True),
    Kind.MATRIX: lambda: statushistory.Panel().mappings([_mapping()]).row_height(0.9),
}


def _panel(panel: Panel) -> Drawn:
    built = BUILDERS[panel.kind]().title(panel.title).description(panel.says).unit(panel.unit).datasource(SOURCE)
    if panel.links:
        built = built.data_links([made.DashboardLink(title).url(url) for title, url in panel.links])
    for letter, (expression, legend) in zip("ABCDEFGH", panel.queries.items(), strict=False):
        built = built.with_target(_query(panel, expression, legend).ref_id(letter))
    return built


def _query(panel: Panel, expression: str, legend: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().expr(expression).legend_format(legend).exemplar(panel.exemplars)
    if panel.kind in (Kind.STAT, Kind.TABLE):
        query = query.instant()
    if panel.kind is Kind.TABLE:
        query = query.format(PromQueryFormat.TABLE)
    if panel.kind is Kind.HEATMAP:
        query = query.format(PromQueryFormat.HEATMAP)
    return query


def _mapping() -> model.ValueMap:
    options = {
        str(value): model.ValueMappingResult(text=text, color=colour, index=value)
        for value, (text, colour) in COLOURS.items()
    }
    return model.ValueMap(options=options)
