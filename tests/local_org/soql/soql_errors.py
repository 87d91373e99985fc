"""The errors that point at a place in a query, a caret below it."""

from __future__ import annotations

from tests.local_org.answers.errors import SalesforceError, malformed_query

CONTEXT_CHARACTERS = 30
"""How much of the query Salesforce repeats on each side of the place, rounded up to whole words."""


def at_position(soql: str, position: int, reason: str) -> str:
    """Return the reason under the piece of the query it is about, with a caret below the place."""
    line_start = soql.rfind("\n", 0, position) + 1
    line_end = soql.find("\n", position)
    line = soql[line_start : line_end if line_end >= 0 else len(soql)]
    column = position - line_start
    row = soql.count("\n", 0, position) + 1
    start = _word_start(line, column - CONTEXT_CHARACTERS)
    end = _word_end(line, column + CONTEXT_CHARACTERS)
    caret = " " * (column - start) + "^"
    return f"\n{line[start:end]}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{reason}"


def _word_start(line: str, position: int) -> int:
    return line.rfind(" ", 0, position) + 1 if position > 0 else 0


def _word_end(line: str, position: int) -> int:
    end = line.find(" ", position)
    return end if end >= 0 else len(line)


def invalid_type(soql: str, position: int, name: str) -> SalesforceError:
    reason = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        "be sure to append the '__c' after the entity name. Please reference your WSDL or the "
        "describe call for the appropriate names."
    )
    return SalesforceError(400, "INVALID_TYPE", at_position(soql, position, reason))


def invalid_field_at(soql: str, position: int, reason: str) -> SalesforceError:
    return SalesforceError(400, "INVALID_FIELD", at_position(soql, position, reason))


def invalid_field(soql: str, position: int, column: str, entity: str) -> SalesforceError:
    """A column the object lacks, or the user may not see."""
    reason = (
        f"No such column '{column}' on entity '{entity}'. If you are attempting to use a custom "
        "field, be sure to append the '__c' after the custom field name. Please reference your "
        "WSDL or the describe call for the appropriate names."
    )
    return invalid_field_at(soql, position, reason)


def unknown_relationship(soql: str, position: int, name: str) -> SalesforceError:
    reason = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name. "
        "Please reference your WSDL or the describe call for the appropriate names."
    )
    return invalid_field_at(soql, position, reason)


def not_filterable(soql: str, position: int, name: str) -> SalesforceError:
    reason = f"field '{name}' can not be filtered in a query call"
    return invalid_field_at(soql, position, reason)


def not_filterable_address(soql: str, position: int) -> SalesforceError:
    reason = "Address fields can only be filtered using Distance expressions"
    return invalid_field_at(soql, position, reason)


def not_sortable(soql: str, position: int, name: str) -> SalesforceError:
    return malformed_query_at(soql, position, f"field '{name}' can not be sorted in a query call")


def not_joinable(soql: str, position: int) -> SalesforceError:
    reason = "The left operand and the selected field of a semi join must be IDs or references"
    return malformed_query_at(soql, position, reason)


def not_groupable(soql: str, position: int, name: str) -> SalesforceError:
    return malformed_query_at(soql, position, f"field '{name}' can not be grouped in a query call")


def not_grouped(soql: str, position: int, name: str) -> SalesforceError:
    return malformed_query_at(soql, position, f"Field must be grouped or aggregated: {name}")


def not_aggregatable(soql: str, position: int, name: str, function: str) -> SalesforceError:
    reason = f"field {name} does not support aggregate operator {function}"
    return malformed_query_at(soql, position, reason)


def wrong_literal(soql: str, position: int, name: str, soap_type: str) -> SalesforceError:
    """A filter value that is quoted and should not be, or the other way round."""
    quoting = "should be" if soap_type == "string" else "should not be"
    reason = (
        f"value of filter criterion for field '{name}' must be of type {soap_type} "
        f"and {quoting} enclosed in quotes"
    )
    return invalid_field_at(soql, position, reason)


def invalid_id(soql: str, position: int, value: str) -> SalesforceError:
    message = at_position(soql, position, f"invalid ID field: {value}")
    return SalesforceError(400, "INVALID_QUERY_FILTER_OPERATOR", message)


def invalid_operator(soql: str, position: int, type_name: str) -> SalesforceError:
    message = at_position(soql, position, f"invalid operator on {type_name} field")
    return SalesforceError(400, "INVALID_QUERY_FILTER_OPERATOR", message)


def malformed_query_at(soql: str, position: int, reason: str) -> SalesforceError:
    return malformed_query(at_position(soql, position, reason))


def unexpected_token(soql: str, position: int, token: str) -> SalesforceError:
    return malformed_query_at(soql, position, f"unexpected token: '{token}'")


def no_viable_alternative(soql: str, position: int) -> SalesforceError:
    """A character that no SOQL token holds."""
    where = f"line {soql.count(chr(10), 0, position) + 1}:{position}"
    return malformed_query(f"{where} no viable alternative at character '{soql[position]}'")


def unclosed_string(soql: str) -> SalesforceError:
    where = f"line {soql.count(chr(10)) + 1}:{len(soql)}"
    return malformed_query(f"{where} mismatched character '<EOF>' expecting '''")


def illegal_escape(soql: str, position: int, literal: str, escape: str) -> SalesforceError:
    reason = (
        f"Invalid string literal {literal}. "
        f"Illegal character sequence '{escape}' in string literal."
    )
    return malformed_query_at(soql, position, reason)


def string_too_long(soql: str, position: int, limit: int) -> SalesforceError:
    reason = f"string literal is longer than {limit} characters"
    return malformed_query_at(soql, position, reason)
