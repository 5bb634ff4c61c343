"""
What the YAML says about Kubernetes.

Source: components-contrib ``secretstores/kubernetes`` and ``crypto/kubernetes/secrets``.
"""

from __future__ import annotations

from dataclasses import dataclass

from pluggable.metadata import setting


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The properties of both components."""

    default_namespace: str = setting(
        default="", description="The namespace where none is asked for.", example="default"
    )
    kubeconfig_path: str = setting(
        default="",
        description="The kubeconfig to use outside a pod; else what KUBECONFIG names, or ~/.kube/config.",
        example="/etc/kubernetes/admin.conf",
    )
