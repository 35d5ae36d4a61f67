"""The settings of a company (`company.yaml`) and of the coordinator (`orch.yaml`).

Models are frozen and forbid unknown keys. `parse_company` and `parse_coordinator` turn a file's
text into a model or raise SettingsError with file, line and key. Secrets never stand here: a
setting ending in ``_env`` names the environment variable that holds one.
"""

from coordinator.settings.company import (
    ApprovalSettings,
    CatalogSettings,
    CompanySettings,
    GitSettings,
    LearningSettings,
    Person,
    SharingSettings,
)
from coordinator.settings.detection import (
    DetectionSettings,
    InsightSettings,
    OpportunitySettings,
    PatternSettings,
)
from coordinator.settings.fields import (
    CONTROL,
    SLUG,
    Category,
    CompanySlug,
    company_slug,
    git_protocol,
)
from coordinator.settings.orch import (
    CoordinatorSettings,
    CopySettings,
    EmbeddingSettings,
    SearchSettings,
)
from coordinator.settings.parsing import dump, parse_company, parse_coordinator
from coordinator.settings.sources import (
    ALL_CATEGORIES,
    Atlassian,
    ConfluenceSettings,
    ConfluenceTarget,
    CoordinatorConfluence,
    CoordinatorJira,
    JiraSettings,
    JiraTarget,
    Remote,
    SupabaseSettings,
    SupabaseTarget,
)

__all__ = [
    "ALL_CATEGORIES",
    "CONTROL",
    "SLUG",
    "ApprovalSettings",
    "Atlassian",
    "CatalogSettings",
    "Category",
    "CompanySettings",
    "CompanySlug",
    "ConfluenceSettings",
    "ConfluenceTarget",
    "CoordinatorConfluence",
    "CoordinatorJira",
    "CoordinatorSettings",
    "CopySettings",
    "DetectionSettings",
    "EmbeddingSettings",
    "GitSettings",
    "InsightSettings",
    "JiraSettings",
    "JiraTarget",
    "LearningSettings",
    "OpportunitySettings",
    "PatternSettings",
    "Person",
    "Remote",
    "SearchSettings",
    "SharingSettings",
    "SupabaseSettings",
    "SupabaseTarget",
    "company_slug",
    "dump",
    "git_protocol",
    "parse_company",
    "parse_coordinator",
]
