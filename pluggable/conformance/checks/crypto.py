"""What holds for every vault of keys, tried with the keys that the profile names."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace

from ...crypto import DecryptRequest, EncryptRequest, GetKeyRequest, SignRequest, VerifyRequest
from ...errors import ComponentError
from ..check import ViolationError, check, expect, refused, same
from ..keys import Algorithm, Use
from ..target import Target
from .vaults import Case, all_cases, cases, changed, keys, vault


@check("crypto")
async def algorithms_are_listed(target: Target) -> None:
    """ListAlgorithms names what may be asked for, to encrypt or to sign, each once."""
    for names in (listed := (vault(target).encryption_algorithms, vault(target).signature_algorithms)):
        expect(
            all(names) and len(set(names)) == len(names),
            found=f"the algorithms {', '.join(names)}",
            wanted="names, each once",
        )
    expect(any(listed), found="no algorithms", wanted="one at least")


@check("crypto")
async def named_algorithms_are_listed(target: Target) -> None:
    """What the profile names is listed under its use (contrib: supported algorithms methods)."""
    keys(target, "private", "public", "symmetric")
    for case in all_cases(target):
        signs = Use.SIGN in case.algorithm.uses
        listed = vault(target).signature_algorithms if signs else vault(target).encryption_algorithms
        expect(
            case.name in listed,
            found=f"{case.name} not among {', '.join(listed)}",
            wanted=f"it listed, to {case.algorithm.uses[0].value}",
        )


@check("crypto")
async def missing_key_is_refused(target: Target) -> None:
    """A key that is not there is an error for every operation, and no other key is taken for it."""
    missing = target.name("key")
    asking = vault(target).get_key(GetKeyRequest(key_name=missing))
    await refused(asking, ComponentError, "asking for a key that is not there is", "an error")
    for case in all_cases(target):
        if Use.SIGN in case.algorithm.uses:
            call: Awaitable[object] = vault(target).sign(replace(case.signing(), key_name=missing))
        elif Use.ENCRYPT in case.algorithm.uses:
            call = vault(target).encrypt(replace(case.encryption(), key_name=missing))
        else:
            continue
        await refused(call, ComponentError, f"{case.name} with a key that is not there is", "an error")


@check("crypto")
async def unlisted_algorithm_is_refused(target: Target) -> None:
    """An algorithm that is not listed is an error, and does not do another one's work."""
    unlisted = target.name("algorithm")
    for key in keys(target, "private", "symmetric"):
        case = Case(key, unlisted, Algorithm((Use.ENCRYPT, Use.SIGN), nonce_bytes=12))
        await refused(vault(target).encrypt(case.encryption()), ComponentError, f"{case} is", "an error")
        await refused(vault(target).sign(case.signing()), ComponentError, f"{case} is", "an error")


@check("crypto")
async def message_is_decrypted(target: Target) -> None:
    """What was encrypted is decrypted; a public key encrypts at least."""
    for case in cases(target, Use.ENCRYPT, public=True):
        request = case.encryption()
        response = await vault(target).encrypt(request)
        expect(bool(response.ciphertext), found=f"no ciphertext of {case}", wanted="one")
        if case.key.type == "public":
            continue
        found = await vault(target).decrypt(_decryption(request, response.ciphertext, response.tag))
        same(found, request.plaintext, f"a message decrypted by {case} is")


@check("crypto")
async def tag_goes_beside_the_ciphertext(target: Target) -> None:
    """An algorithm with a tag gives it by itself, and one without gives none (contrib: hasTag)."""
    for case in cases(target, Use.ENCRYPT, public=True):
        response = await vault(target).encrypt(case.encryption())
        expect(
            bool(response.tag) is case.algorithm.tagged,
            found=f"a tag of {len(response.tag)} bytes by {case}",
            wanted="a tag beside the ciphertext" if case.algorithm.tagged else "none",
        )


@check("crypto")
async def wrong_tag_is_refused(target: Target) -> None:
    """A message whose tag is not the one it was given is an error (contrib: tag mismatch)."""
    for case in cases(target, Use.ENCRYPT, tagged=True):
        request = case.encryption()
        response = await vault(target).encrypt(request)
        attempt = _decryption(request, response.ciphertext, changed(response.tag))
        await refused(
            vault(target).decrypt(attempt), ComponentError, f"a wrong tag for {case} is", "an error"
        )


@check("crypto")
async def wrong_associated_data_is_refused(target: Target) -> None:
    """What is authenticated beside the message has to be the same again."""
    for case in cases(target, Use.ENCRYPT, tagged=True):
        request = case.encryption(b"order 1")
        response = await vault(target).encrypt(request)
        attempt = _decryption(request, response.ciphertext, response.tag)
        same(await vault(target).decrypt(attempt), request.plaintext, f"a message decrypted by {case} is")
        other = vault(target).decrypt(replace(attempt, associated_data=b"order 2"))
        await refused(other, ComponentError, f"other associated data for {case} is", "an error")


@check("crypto")
async def signature_is_verified(target: Target) -> None:
    """A signature is valid for the digest that was signed."""
    for case in cases(target, Use.SIGN):
        request = case.signing()
        signature = await vault(target).sign(request)
        expect(
            bool(signature) and await vault(target).verify(_verification(request, signature)),
            found=f"a signature of {len(signature)} bytes by {case} that is not valid",
            wanted="one that is",
        )


@check("crypto")
async def signature_of_another_digest_is_not_valid(target: Target) -> None:
    """A signature is not valid for another digest, which is an answer and no error."""
    for case in cases(target, Use.SIGN):
        request = case.signing()
        signature = await vault(target).sign(request)
        other = replace(request, digest=changed(request.digest))
        try:
            valid = await vault(target).verify(_verification(other, signature))
        except ComponentError as error:
            raise ViolationError(
                f"an error, {error}, for {case}", "the answer that it is not valid"
            ) from error
        expect(not valid, found=f"a signature by {case} valid for another digest", wanted="it not valid")


def _decryption(request: EncryptRequest, ciphertext: bytes, tag: bytes) -> DecryptRequest:
    return DecryptRequest(
        ciphertext=ciphertext,
        algorithm=request.algorithm,
        key_name=request.key_name,
        nonce=request.nonce,
        tag=tag,
        associated_data=request.associated_data,
    )


def _verification(request: SignRequest, signature: bytes) -> VerifyRequest:
    return VerifyRequest(
        digest=request.digest, signature=signature, algorithm=request.algorithm, key_name=request.key_name
    )
