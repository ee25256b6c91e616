"""Units over HTTP: what officers report of their work."""

from fastapi import APIRouter, Request, Response

from services.feedback.units.usecases.import_services import COLUMNS, Imported, import_services
from shared.csv_files import read_csv
from shared.web.authentication import Officer
from shared.web.dependencies import ResourcesDependency
from shared.web.idempotency import TransactionDependency
from shared.web.problems import problem_responses

CSV_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {
                "schema": {"type": "string"},
                "example": "unit_id,month,services\nU-001,2026-10,1840\n",
            }
        },
    }
}

router = APIRouter(tags=["units"])


@router.post(
    "/services-rendered/import",
    operation_id="import_services",
    status_code=201,
    response_model=Imported,
    responses=problem_responses(401, 403, 413),
    openapi_extra=CSV_BODY,
    summary="Import services rendered by unit and month (CSV)",
)
async def services_rendered(
    request: Request,
    resources: ResourcesDependency,
    officer: Officer,
    transaction: TransactionDependency,
) -> Response:
    """Columns `unit_id,month,services`, month as YYYY-MM.

    Replaces what stood for a unit and month; the whole file or nothing.
    """
    lines = read_csv(await request.body(), COLUMNS)
    return await transaction.once(
        lambda connection: import_services(
            connection, officer, lines, resources.clock(), resources.settings.zone
        )
    )
