"""What a project may use: resource groups and data sources, a few believable ones for each."""

from collections.abc import Mapping, Sequence
from typing import Any

from deployer.emulator.actions.paging import PARAMS as PAGING
from deployer.emulator.actions.paging import page
from deployer.emulator.failures import invalid
from deployer.emulator.operations import Operation, Param, Params, query
from deployer.emulator.sources import derived
from deployer.emulator.world import ACCOUNT, World, project_identifier

Fields = dict[str, Any]

_SINCE = 1_735_689_600_000
_GENERAL = ("CommonV2",)
_GROUPS = (
    ("serverless", "CommonV2", "PostPaid", {"Amount": 20, "Standard": "CU"}),
    ("scheduling", "ExclusiveScheduler", "PrePaid", {"Amount": 1, "Standard": "4c8g"}),
    ("integration", "ExclusiveDataIntegration", "PrePaid", {"Amount": 1, "Standard": "4c8g"}),
)
_SOURCES: Sequence[tuple[str, str, Mapping[str, str]]] = (
    ("odps_first", "odps", {"authType": "PrimaryAccount"}),
    ("holo_first", "hologres", {"database": "main"}),
    ("orders_mysql", "mysql", {"database": "orders"}),
)
_GROUP_FIELDS = {
    "Id": "Id",
    "Name": "Name",
    "Remark": "Remark",
    "Type": "ResourceGroupType",
    "Status": "Status",
    "Spec": "Spec",
    "CreateUser": "CreateUser",
    "CreateTime": "CreateTime",
}


def list_resource_groups(world: World, params: Params) -> dict[str, Any]:
    """Answer ListResourceGroups: general-purpose ones unless types are given (B-107)."""
    asked = page(params)
    types = params.get("ResourceGroupTypes") or _GENERAL
    statuses = params.get("Statuses") or ("Normal",)
    found = [
        group
        for group in _groups(world, params.get("ProjectId"))
        if group["ResourceGroupType"] in types
        and group["Status"] in statuses
        and params.get("Name", "").lower() in group["Name"].lower()
        and params.get("PaymentType", group["PaymentType"]) == group["PaymentType"]
        and _wanted(params, group)
    ]
    field, backwards = _order(params.get("SortBy") or "CreateTime Asc")
    found.sort(key=lambda group: str(group[field]), reverse=backwards)
    return {
        "PagingInfo": {
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "ResourceGroupList": found[asked.offset : asked.offset + asked.size],
            "TotalCount": len(found),
        },
        "Success": True,
    }


def list_data_sources(world: World, params: Params) -> dict[str, Any]:
    """Answer ListDataSources: those of a simple-mode project, all of them in production."""
    asked = page(params)
    sort, order = params.get("SortBy") or "CreateTime", params.get("Order") or "Desc"
    if sort not in ("CreateTime", "Id", "Name"):
        raise invalid("SortBy")
    if order not in ("Asc", "Desc"):
        raise invalid("Order")
    if params.get("EnvType") not in (None, "", "Dev", "Prod"):
        raise invalid("EnvType")
    found = [
        source
        for source in _sources(world, params["ProjectId"])
        if params.get("Name", "").lower() in source["Name"].lower()
        and source["Type"] in (params.get("Types") or (source["Type"],))
        and params.get("EnvType") != "Dev"
        and params.get("Tags") in (None, "", "[]")
    ]
    found.sort(key=lambda source: _sorted_by(source, sort), reverse=order == "Desc")
    return {
        "PagingInfo": {
            "DataSources": found[asked.offset : asked.offset + asked.size],
            "PageNumber": asked.number,
            "PageSize": asked.size,
            "TotalCount": len(found),
        }
    }


def _groups(world: World, project: int | None) -> list[Fields]:
    query = "SELECT id, identifier FROM project WHERE ?1 IS NULL OR id = ?1 ORDER BY id"
    return [
        {
            "AliyunResourceGroupId": "rg-emulator",
            "AliyunResourceTags": [],
            "CreateTime": _SINCE + number,
            "CreateUser": ACCOUNT,
            "DefaultVpcId": "vpc-emulator",
            "DefaultVswicthId": "vsw-emulator",
            "Id": f"Serverless_res_group_{derived('group', str(row['id']), name)}",
            "Name": f"{row['identifier']}_{name}",
            "OrderInstanceId": f"order-{number}",
            "PaymentType": payment,
            "Remark": "",
            "ResourceGroupType": kind,
            "Spec": dict(spec),
            "Status": "Normal",
        }
        for row in world.db.execute(query, (project,))
        for number, (name, kind, payment, spec) in enumerate(_GROUPS)
    ]


def _wanted(params: Params, group: Fields) -> bool:
    asked = params.get("AliyunResourceGroupId") or group["AliyunResourceGroupId"]
    return asked == group["AliyunResourceGroupId"] and not params.get("AliyunResourceTags")


def _order(text: str) -> tuple[str, bool]:
    name, _, way = text.partition(" ")
    if name not in _GROUP_FIELDS or way.lower() not in ("", "asc", "desc"):
        raise invalid("SortBy")
    return _GROUP_FIELDS[name], way.lower() == "desc"


def _sources(world: World, project: int) -> list[Fields]:
    identifier = project_identifier(world, project)
    return [
        {
            "Name": name,
            "Type": kind,
            "DataSource": [
                {
                    "ConnectionProperties": {"envType": "Prod", "project": identifier, **more},
                    "ConnectionPropertiesMode": "InstanceMode",
                    "CreateTime": _SINCE + number,
                    "CreateUser": ACCOUNT,
                    "Description": "",
                    "Id": int(derived("data source", str(project), name)) % 10_000_000,
                    "ModifyTime": _SINCE + number,
                    "ModifyUser": ACCOUNT,
                    "QualifiedName": f"{project}-{kind}-prod-{name}",
                }
            ],
        }
        for number, (name, kind, more) in enumerate(_SOURCES)
    ]


def _sorted_by(source: Fields, field: str) -> Any:
    return source["Name"] if field == "Name" else source["DataSource"][0][field]


OPERATIONS = {
    "ListResourceGroups": Operation(
        "GET",
        (
            query("AliyunResourceGroupId"),
            Param("AliyunResourceTags", "query", "array", items="object"),
            query("Name"),
            *PAGING,
            query("PaymentType"),
            query("ProjectId", "integer"),
            query("ResourceGroupTypes", "array"),
            query("SortBy"),
            query("Statuses", "array"),
        ),
        list_resource_groups,
    ),
    "ListDataSources": Operation(
        "GET",
        (
            query("EnvType"),
            query("Name"),
            query("Order"),
            *PAGING,
            Param("ProjectId", "query", "integer", required=True),
            query("SortBy"),
            query("Tags"),
            Param("Types", "query", "array", comma=True),
        ),
        list_data_sources,
    ),
}
