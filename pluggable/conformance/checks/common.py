"""What holds for every component, whatever its block; the block's name is put in by who runs them."""

from __future__ import annotations

import random
from typing import Final

from ..._wire import names
from ...component import FEATURE_ORDER
from ...remote import RemoteComponent
from ...transport import Code
from ..check import check, expect
from ..target import Target

#: A field with a length that the message does not have: no protobuf message at all.
BROKEN: Final = b"\x0a\xff\x01"
NOISES: Final = 20


@check("common")
async def init_is_answered(target: Target) -> None:
    """Init is answered within 5 seconds, else a daprd leaves (dapr: pkg/runtime/processor, initTimeout)."""
    await far_end(target).init(target.metadata())


@check("common")
async def ping_is_answered(target: Target) -> None:
    """Ping is answered with OK once the component is initialised."""
    await far_end(target).ping()


@check("common")
async def reflection_v1alpha_is_served(target: Target) -> None:
    """A daprd finds components by gRPC reflection v1alpha, and by no other version."""
    expect(
        names.REFLECTION_V1ALPHA in target.services,
        found=f"reflection lists {', '.join(sorted(target.services))}",
        wanted=f"{names.REFLECTION_V1ALPHA} among them",
    )


@check("common")
async def features_are_words_of_dapr(target: Target) -> None:
    """Features are those that the runtime knows; what it does not know has no effect at all."""
    unknown = sorted(set(far_end(target).features) - set(FEATURE_ORDER))
    expect(
        not unknown, found=f"the features {', '.join(unknown)}", wanted=f"some of {', '.join(FEATURE_ORDER)}"
    )


@check("common")
async def second_init_is_answered(target: Target) -> None:
    """A sidecar that restarts, or reloads a component, sends Init again for the same instance."""
    again = await target.another(type(far_end(target)), target.profile.instance)
    await again.init(target.metadata())
    await far_end(target).ping()


@check("common")
async def second_instance_is_answered(target: Target) -> None:
    """Several components may share a socket: each has its Init, and both answer from then on."""
    instance = target.name("instance")
    other = await target.another(type(far_end(target)), instance)
    await other.init(target.metadata(instance))
    await other.ping()
    await far_end(target).ping()


@check("common")
async def call_before_init_is_refused(target: Target) -> None:
    """
    A component that was restarted knows nothing of its sidecar's Init, which a daprd does not repeat.

    Its calls must fail, so that somebody sees it; an object without configuration must not serve them.
    """
    method, request = FIRST_CALLS[target.service]
    status = await target.status(target.service, method, request, instance=target.name("stranger"))
    expect(
        status is not None and status.code is not Code.DEADLINE_EXCEEDED,
        found=f"{method} of an instance that got no Init answered with OK",
        wanted="an error that says that it is not initialised",
    )


@check("common")
async def broken_request_gets_a_status(target: Target) -> None:
    """A request that is no message ends with a status, and the component goes on."""
    method = _plain(target)
    status = await target.status(target.service, method, BROKEN)
    expect(status is not None, found=f"{method} with a broken message answered with OK", wanted="an error")
    await far_end(target).ping()


@check("common")
async def noise_does_no_harm(target: Target) -> None:
    """Random bytes end with an answer or a status, and the component goes on."""
    method = _plain(target)
    noise = random.Random(target.service)
    for _ in range(NOISES):
        status = await target.status(target.service, method, noise.randbytes(noise.randrange(1, 60)))
        expect(
            status is None or "Traceback" not in status.message,
            found=f"a traceback in the answer: {status}",
            wanted="a sentence; what is inside is nobody's business",
        )
    await far_end(target).ping()


@check("common")
async def unknown_method_is_unimplemented(target: Target) -> None:
    """A method that a later Dapr may call is answered UNIMPLEMENTED, which the runtime takes for "no"."""
    status = await target.status(target.service, "NoSuchMethod", b"")
    expect(
        status is not None and status.code is Code.UNIMPLEMENTED,
        found=f"an unknown method answered with {status.code.name if status else 'OK'}",
        wanted="UNIMPLEMENTED",
    )


def _plain(target: Target) -> str:
    """Return a method that answers at once; a stream need not."""
    return "Ping" if target.service == names.INPUT_BINDING else FIRST_CALLS[target.service][0]


def far_end(target: Target) -> RemoteComponent:
    """Return the component by what all blocks have in common."""
    return target.any_far_end()


#: The plainest call of each service, and a request for it.
FIRST_CALLS: Final[dict[str, tuple[str, bytes]]] = {
    names.STATE_STORE: ("Get", b"\x0a\x01k"),
    names.CONFIGURATION_STORE: ("Get", b"\x0a\x01k"),
    names.LOCK_STORE: ("Unlock", b"\x0a\x01r\x12\x01o"),
    names.PUBSUB: ("Publish", b"\x0a\x01d\x12\x01p\x1a\x01t"),
    names.INPUT_BINDING: ("Read", b""),
    names.OUTPUT_BINDING: ("Invoke", b"\x0a\x01d\x12\x06create"),
    names.SECRET_STORE: ("Get", b"\x0a\x01k"),
    names.SUBTLE_CRYPTO: ("GetKey", b"\x0a\x01k"),
    names.NAME_RESOLVER: ("Resolve", b"\x0a\x01i"),
    names.CONVERSATION: ("Converse", b"\x0a\x08\x08\x03\x1a\x04\x0a\x02hi"),
}
