"""Users who want to be forgotten."""

from __future__ import annotations

from typing import Any

from aiohttp import web
from msgspec import Struct

from recsys_app.resources import ErasureProgress, ErasureReceipt
from recsys_app.services.erasure_service import ErasureService
from web.api import Reply, Route, json_reply
from web.users import UserParams


class ReceiptParams(Struct, frozen=True, forbid_unknown_fields=True):
    receipt: str


def routes(erasures: ErasureService) -> list[Route[Any]]:
    async def erase_user(params: UserParams, _: web.Request) -> web.Response:
        receipt = await erasures.erase(params.user_id)
        where = f"/erasures/{receipt}"
        return json_reply(ErasureReceipt(receipt, where), status=202, headers={"Location": where})

    async def show_erasure(params: ReceiptParams, _: web.Request) -> web.Response:
        progress = await erasures.progress(params.receipt)
        if progress is None:
            raise web.HTTPNotFound(text="There is no erasure with this receipt.")
        return json_reply(progress)

    return [
        Route(
            method="DELETE",
            path="/users/{user_id}",
            summary="Erase a user from every store",
            tag="Users",
            handler=erase_user,
            params=UserParams,
            replies={
                202: Reply(
                    "It has begun; answers no longer know the user.",
                    ErasureReceipt,
                    headers={"Location": "Where its progress is told."},
                )
            },
            errors=(503,),
        ),
        Route(
            method="GET",
            path="/erasures/{receipt}",
            summary="How far an erasure is",
            tag="Users",
            handler=show_erasure,
            params=ReceiptParams,
            replies={200: Reply("Its progress.", ErasureProgress)},
            errors=(404, 503),
        ),
    ]
