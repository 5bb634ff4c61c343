"""
What the YAML of every AWS component says about the account and the endpoint.

Facts: components-contrib ``common/aws/auth/auth_static.go``; old names: ``pubsub/aws/snssqs/metadata.go``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluggable.about import Authentication
from pluggable.metadata import setting

#: How one may authenticate with any AWS component.
AUTHENTICATION: Final = (
    Authentication(
        title="Access key",
        description="Authenticate with an access key, and with the session token of one that is temporary.",
        properties=("accessKey", "secretKey", "sessionToken"),
    ),
    Authentication(
        title="Credentials of the environment",
        description="Authenticate with what AWS's own tools find: variables, files, the container's or the "
        "machine's role; assumeRoleArn names a role to take on with it.",
        properties=("assumeRoleArn", "assumeRoleSessionName"),
    ),
)
_UNSUPPORTED: Final = "is not supported here; use accessKey and secretKey, or credentials of the environment"


@dataclass(frozen=True, slots=True, kw_only=True)
class AWSSettings:
    """The properties all AWS components share."""

    region: str = setting(
        default="",
        aliases=("awsRegion",),
        description="The region; else that of the environment (AWS_REGION) or of AWS's configuration file.",
        example="eu-central-1",
    )
    endpoint: str = setting(
        default="",
        description="Where the services are, if not at AWS.",
        example="http://localhost:4566",
    )
    access_key: str = setting(
        default="", aliases=("awsAccountID",), secret=True, description="The ID of the access key."
    )
    secret_key: str = setting(
        default="", aliases=("awsSecret",), secret=True, description="The access key's secret."
    )
    session_token: str = setting(
        default="", secret=True, description="What belongs to a temporary access key."
    )
    assume_role_arn: str = setting(
        default="",
        description="A role to take on with the environment's credentials, where accessKey is not set.",
        example="arn:aws:iam::123456789012:role/orders",
    )
    assume_role_session_name: str = setting(
        default="", description="What the role's session is called.", example="orders"
    )
    trust_anchor_arn: str = setting(default="", description="Not supported here, and refused.")
    trust_profile_arn: str = setting(default="", description="Not supported here, and refused.")

    def __post_init__(self) -> None:
        if faults := self.faults():
            raise ValueError("; ".join(faults))

    def faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with the properties together."""
        faults = []
        if bool(self.access_key) != bool(self.secret_key):
            missing = "secretKey" if self.access_key else "accessKey"
            faults.append(f"of accessKey and secretKey only one is set, {missing} is missing")
        for name, value in (
            ("trustAnchorArn", self.trust_anchor_arn),
            ("trustProfileArn", self.trust_profile_arn),
        ):
            if value:
                faults.append(f"{name} {_UNSUPPORTED}")
        return faults
