"""Objects that no query for all rows can read, though the org lists them, and why.

What is not queryable says so in the list of objects; what wants a filter says so in the refusal of
its query only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# By the end of the name, for these are not all said to be what they are.
_EVENTS = {
    "ChangeEvent": "Change events are streamed by Salesforce's Pub/Sub API and hold no rows",
    "EventStream": "Event channels are streamed by Salesforce's Pub/Sub API and hold no rows",
    "__e": "Platform events are streamed by Salesforce's Pub/Sub API and hold no rows",
}
# What the refusals of their queries ask for.
_BY_PARENT = "a filter by single Ids of a parent"
_WANT_FILTER = {
    **dict.fromkeys(
        (
            "CollaborationGroupRecord",
            "IdeaComment",
            "Vote",
        ),
        _BY_PARENT,
    ),
    **dict.fromkeys(
        (
            "Announcement",
            "ApexTypeImplementor",
            "AppTabMember",
            "ColorDefinition",
            "DataStatistics",
            "DatacloudAddress",
            "DatacloudDandBCompany",
            "EntityParticle",
            "FieldDefinition",
            "FieldHistoryArchive",
            "FlexQueueItem",
            "FlowTestView",
            "FlowVariableView",
            "FlowVersionView",
            "IconDefinition",
            "NetworkUserHistoryRecent",
            "OwnerChangeOptionInfo",
            "PicklistValueInfo",
            "PlatformAction",
            "RecordActionHistory",
            "RelatedListColumnDefinition",
            "RelatedListDefinition",
            "RelationshipDomain",
            "RelationshipInfo",
            "SearchLayout",
            "SiteDetail",
            "UserEntityAccess",
            "UserFieldAccess",
        ),
        "a filter by some of its fields",
    ),
}


def why_unreadable(entry: Mapping[str, object]) -> str | None:
    """Return why no query for all rows of an object is answered; None where one may be.

    Args:
        entry: Of the list that ``/sobjects`` answers with.

    Returns:
        A sentence without its full stop.
    """
    name = str(entry["name"])
    for end, reason in _EVENTS.items():
        if name.endswith(end):
            return reason
    if not entry.get("queryable"):
        return "Salesforce lets nobody query it"
    if name in _WANT_FILTER:
        return f"Salesforce answers only queries with {_WANT_FILTER[name]}"
    return None
