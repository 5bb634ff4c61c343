"""
What the YAML says of Microsoft Entra ID: who the component is, and in which cloud.

Facts: components-contrib ``common/authentication/azure``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pluggable.about import Authentication
from pluggable.metadata import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """One of Azure's clouds: who signs in its users, and where its key vaults are."""

    name: str
    authority: str
    vaults: str


CLOUDS: Final = (
    Cloud(name="AzurePublicCloud", authority="login.microsoftonline.com", vaults="vault.azure.net"),
    Cloud(name="AzureChinaCloud", authority="login.chinacloudapi.cn", vaults="vault.azure.cn"),
    Cloud(
        name="AzureUSGovernmentCloud", authority="login.microsoftonline.us", vaults="vault.usgovcloudapi.net"
    ),
)

#: The ways to get a token, by the names that ``azureAuthMethods`` has for them; in the order they are tried.
METHODS: Final = {
    "clientcredentials": ("clientcredentials", "creds"),
    "clientcertificate": ("clientcertificate", "cert"),
    "workloadidentity": ("workloadidentity", "wi"),
    "managedidentity": ("managedidentity", "mi"),
    "commandlineinterface": ("commandlineinterface", "cli"),
}
_METHOD_OF: Final = {name: method for method, names in METHODS.items() for name in names}
_SPIFFE: Final = ("spiffeworkloadidentity", "spiffe")

AUTHENTICATION: Final = (
    Authentication(
        title="Microsoft Entra ID: an application's secret",
        description="Authenticate as an application, by its secret.",
        properties=("azureTenantId", "azureClientId", "azureClientSecret"),
    ),
    Authentication(
        title="Microsoft Entra ID: an application's certificate",
        description="Authenticate as an application, by its certificate.",
        properties=("azureTenantId", "azureClientId", "azureCertificateFile"),
    ),
    Authentication(
        title="Microsoft Entra ID: what is around",
        description="Authenticate with a workload identity, a managed identity, or as who uses Azure's CLI.",
        properties=(),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraSettings:
    """The properties that components with Entra ID share."""

    azure_tenant_id: str = setting(
        default="", aliases=("spnTenantId", "tenantId"), description="The tenant of the application."
    )
    azure_client_id: str = setting(
        default="", aliases=("spnClientId", "clientId"), description="The application, or managed identity."
    )
    azure_client_secret: str = setting(
        default="",
        secret=True,
        aliases=("spnClientSecret", "clientSecret"),
        description="The application's secret.",
    )
    azure_certificate: str = setting(
        default="",
        secret=True,
        aliases=("spnCertificate",),
        description="The application's certificate and its key, in PEM.",
    )
    azure_certificate_file: str = setting(
        default="",
        aliases=("spnCertificateFile",),
        description="A file with the application's certificate and its key, in PEM or PKCS #12.",
        example="/var/run/secrets/azure/app.pem",
    )
    azure_certificate_password: str = setting(
        default="",
        secret=True,
        aliases=("spnCertificatePassword",),
        description="What the certificate's key is encrypted with.",
    )
    azure_environment: str = setting(
        default="",
        aliases=("azureCloud",),
        description="AzurePublicCloud, which is meant where it is absent, AzureChinaCloud or "
        "AzureUSGovernmentCloud.",
        example="AzureChinaCloud",
    )
    azure_auth_methods: str = setting(
        default="",
        aliases=("azureADAuthMethods", "entraIDAuthMethods", "microsoftEntraIDAuthMethods"),
        description="The ways to get a token, in the order they are tried, with commas: clientcredentials, "
        "clientcertificate, workloadidentity, managedidentity, commandlineinterface.",
        example="workloadidentity,managedidentity",
    )

    def entra_faults(self) -> list[str]:
        """Return a sentence on each thing that is wrong with these properties."""
        faults = []
        if cloud_named(self.azure_environment) is None:
            known = ", ".join(cloud.name for cloud in CLOUDS)
            faults.append(f'azureEnvironment is "{self.azure_environment}", wanted one of {known}')
        for name in self._named:
            if name == "none":
                faults.append("azureAuthMethods has none, which leaves no way to get a token")
            elif name in _SPIFFE:
                faults.append(f'azureAuthMethods has "{name}", which is not supported here')
            elif name not in _METHOD_OF:
                faults.append(f'azureAuthMethods has "{name}", wanted some of {", ".join(METHODS)}')
        if self.proves and not (self.azure_tenant_id and self.azure_client_id):
            faults.append("azureTenantId and azureClientId are wanted beside a secret or a certificate")
        return faults

    @property
    def proves(self) -> bool:
        """Whether there is a secret or a certificate."""
        return bool(self.azure_client_secret or self.azure_certificate or self.azure_certificate_file)

    @property
    def cloud(self) -> Cloud:
        """The cloud that ``azureEnvironment`` names."""
        return cloud_named(self.azure_environment) or CLOUDS[0]

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways to get a token, of ``METHODS``, in the order they are to be tried."""
        return tuple(_METHOD_OF[name] for name in self._named) or tuple(METHODS)

    @property
    def _named(self) -> tuple[str, ...]:
        if not self.azure_auth_methods.strip():
            return ()
        return tuple(name.strip().lower() for name in self.azure_auth_methods.split(","))


def cloud_named(name: str) -> Cloud | None:
    """Return the cloud of this name, which may lack its last word; the public one for none."""
    wanted = name.lower().removesuffix("cloud") or "azurepublic"
    return next((cloud for cloud in CLOUDS if cloud.name.lower().removesuffix("cloud") == wanted), None)
