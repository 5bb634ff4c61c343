"""What can go wrong between the sidecar and its application."""

from __future__ import annotations


class AppError(Exception):
    """The application could not be asked, or its answer is of no use."""


class AppUnreachableError(AppError):
    """There is no connection to the application, or it ended before the answer did."""


class AppTimedOutError(AppError):
    """The application did not answer in time."""


class AppAnswerError(AppError):
    """The application answered something that is not what was asked for."""


class AppUnhealthyError(AppError):
    """The application fails its health checks, so it is not called."""

    def __init__(self) -> None:
        super().__init__("app is not in a healthy state")
