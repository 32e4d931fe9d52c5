"""Turns the declarations of a workspace (datasets/**/*.yml) into Dataset, Municipality, Plan and Catalogue objects.

A wrong declaration stops the run with a DeclarationError that names the file, the key, its line and the fix.
"""

from pipelines.declare.adding import add_dataset
from pipelines.declare.checking import check_shape, declaration_schema
from pipelines.declare.loading import (
    SAMPLE_MARK,
    Workspace,
    load_body,
    load_dataset,
    load_datasets,
    load_workspace,
)
from pipelines.declare.plans import (
    Baseline,
    Catalogue,
    Counting,
    Duty,
    Goal,
    GradeStep,
    Grading,
    ListItem,
    NamedList,
    Plan,
    Target,
)
from pipelines.declare.promises import load_catalogues, load_plans
from pipelines.declare.reading import Document, read_declaration
from pipelines.declare.semantics import check_dataset, check_declarations
from pipelines.declare.starting import init_workspace, municipal_corporate_number

__all__ = [
    "SAMPLE_MARK",
    "Baseline",
    "Catalogue",
    "Counting",
    "Document",
    "Duty",
    "Goal",
    "GradeStep",
    "Grading",
    "ListItem",
    "NamedList",
    "Plan",
    "Target",
    "Workspace",
    "add_dataset",
    "check_dataset",
    "check_declarations",
    "check_shape",
    "declaration_schema",
    "init_workspace",
    "load_body",
    "load_catalogues",
    "load_dataset",
    "load_datasets",
    "load_plans",
    "load_workspace",
    "municipal_corporate_number",
    "read_declaration",
]
