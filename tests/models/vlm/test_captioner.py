"""The real classes load real files and say what a direct use of transformers says; what is missing, broken or of another model is an error."""

import shutil
import sys
from dataclasses import replace
from importlib.util import find_spec
from unittest.mock import Mock

import numpy as np
import pytest

from action100m.errors import CheckpointError, ConfigError, MissingPackageError, ModelError
from action100m.models.base import CaptionRequest
from action100m.models.vlm.config import VlmConfig
from action100m.video.video import Frames
from support.checkpoints import edit_json, edit_weights, one_torch_thread
from support.vlm_checkpoints import save_vlm

torch = pytest.importorskip("torch", reason="needs the extra 'vlm'")

FAMILIES = ("idefics3", "smolvlm", "mllama", "qwen3_vl", "internvl")
PROMPT = "Describe it."
END = 2
"""Token that ends a reply of the tiny models."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    with one_torch_thread():
        yield {family: save_vlm(tmp_path_factory.mktemp(family), family) for family in FAMILIES}


@pytest.fixture(scope="module")
def captioners(folders):
    return {family: load(folder) for family, folder in folders.items()}


@pytest.fixture(params=FAMILIES)
def captioner(request, captioners):
    return captioners[request.param]


@pytest.fixture
def folder(folders, tmp_path):
    """A copy to break."""
    return shutil.copytree(folders["idefics3"], tmp_path / "checkpoint")


def load(folder, **settings):
    return VlmConfig(checkpoint=str(folder), **{"device": "cpu", "max_new_tokens": 12} | settings).load()


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 64, 3), np.uint8)


def ask(node, frames, prompt=PROMPT):
    seconds = np.arange(len(frames)) / 10
    return CaptionRequest(node, "clip_caption", prompt, 0.0, 4.0, tuple(seconds.tolist()), Frames(frames, seconds))


def texts(captioner, requests):
    return {reply.node: reply.text for reply in captioner.caption(requests)}


def say(captioner, frames, prompt=PROMPT):
    return texts(captioner, [ask("it", frames, prompt)])["it"]


# what it says


def use_transformers(folder, frames, **settings):
    """What the pages of transformers tell people to write."""
    from PIL import Image
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    content = [*({"type": "image", "image": Image.fromarray(frame)} for frame in frames), {"type": "text", "text": PROMPT}]
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": content}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
        processor_kwargs=settings,
    )
    written = model.generate(**inputs, max_new_tokens=12, do_sample=False)[0, inputs["input_ids"].shape[1] :]
    return processor.decode(written, skip_special_tokens=True).strip()


@pytest.mark.parametrize("count", [1, 4])
def test_idefics3_says_what_it_says_in_a_direct_use_of_transformers(folders, captioners, count):
    settings = {} if count == 1 else {"do_image_splitting": False, "size": {"longest_edge": 32}}
    expected = use_transformers(folders["idefics3"], noise(count), **settings)
    assert say(captioners["idefics3"], noise(count)) == expected != ""


@pytest.mark.parametrize("count", [1, 4])
def test_mllama_says_what_it_says_in_a_direct_use_of_transformers(folders, captioners, count):
    assert say(captioners["mllama"], noise(count)) == use_transformers(folders["mllama"], noise(count)) != ""


def test_qwen3_vl_says_what_it_says_to_inputs_put_together_by_hand(folders, captioners):
    from PIL import Image
    from transformers import AutoImageProcessor, AutoTokenizer, Qwen3VLForConditionalGeneration

    folder, frames = folders["qwen3_vl"], noise(3)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), Qwen3VLForConditionalGeneration.from_pretrained(folder).eval()
    pictures = AutoImageProcessor.from_pretrained(folder)(images=[Image.fromarray(frame) for frame in frames], return_tensors="pt")
    shown = ["<|vision_start|>" + "<|image_pad|>" * (int(grid.prod()) // 4) + "<|vision_end|>" for grid in pictures["image_grid_thw"]]
    ids = tokenizer(f"<s>user: {''.join(shown)}{PROMPT}\nassistant:", add_special_tokens=False, return_tensors="pt")["input_ids"]
    kinds = (ids == tokenizer.convert_tokens_to_ids("<|image_pad|>")).long()
    written = model.generate(input_ids=ids, mm_token_type_ids=kinds, **pictures, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :]
    assert say(captioners["qwen3_vl"], frames) == tokenizer.decode(written, skip_special_tokens=True).strip() != ""


@pytest.mark.parametrize("count", [1, 3])
def test_another_picture_gets_another_caption(captioner, count):
    assert len({say(captioner, noise(count, seed)) for seed in range(4)}) == 4


@pytest.mark.parametrize("family", [family for family in FAMILIES if family != "mllama"])
def test_the_order_of_frames_is_seen(captioners, family):
    assert say(captioners[family], noise(4)) != say(captioners[family], noise(4)[::-1])


def test_mllama_sees_all_frames_but_not_their_order(captioners):
    changed = np.concatenate([noise(3), np.full((1, 48, 64, 3), 255, np.uint8)])
    assert say(captioners["mllama"], noise(4)) == say(captioners["mllama"], noise(4)[::-1]) != say(captioners["mllama"], changed)


def test_the_prompt_is_read(captioner):
    assert say(captioner, noise(2), "What is done?") != say(captioner, noise(2))


def test_a_caption_does_not_depend_on_its_company(captioner):
    requests = [ask(f"{count} {seed}", noise(count, seed), PROMPT * (1 + seed % 2)) for count in (1, 2, 5) for seed in range(3)]
    together = texts(captioner, requests)
    assert together == {request.node: say(captioner, request.frames.data, request.prompt) for request in requests}
    assert together == texts(captioner, requests[::-1])
    assert len(set(together.values())) == len(requests)


@pytest.mark.parametrize(("tiles", "frames", "shown"), [(True, 1, 5), (False, 1, 1), (True, 4, 4), (False, 4, 4)])
def test_a_frame_alone_is_shown_in_tiles_and_a_clip_is_not(folders, tiles, frames, shown):
    captioner = load(folders["idefics3"], tiles=tiles)
    inputs = captioner._processor.encode([(PROMPT, noise(frames))])
    assert inputs["pixel_values"].shape[1] == shown  # 2 x 2 tiles and the whole
    assert (inputs["input_ids"] == captioner._model.config.image_token_id).sum() == 4 * shown


# what it costs


def test_usage_counts_the_tokens_of_template_pictures_and_prompt(captioners):
    tokenizer = captioners["mllama"]._processor.tokenizer
    length = len(tokenizer(f"<s>user: <|image|><|image|>{PROMPT}\nassistant:", add_special_tokens=False)["input_ids"])
    (reply,) = captioners["mllama"].caption([ask("it", noise(2))])
    assert (reply.usage.input, reply.usage.output, reply.retries) == (length, 12, 0)
    assert reply.seconds > 0


def test_a_caption_that_reaches_the_limit_is_kept_and_says_so(folders, captioners):
    (short,) = load(folders["idefics3"], max_new_tokens=5).caption([ask("it", noise(1))])
    assert (short.problem, short.usage.output) == ("cut off at 5 tokens", 5)
    assert say(captioners["idefics3"], noise(1)).startswith(short.text.rstrip("\ufffd")) is (short.text != "")


@pytest.fixture
def thinker(folder):
    """A model whose template opens its thoughts."""
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant:", "assistant:<think>"))
    return load(folder)


def test_thoughts_are_no_part_of_a_caption(thinker):
    thoughts, caption = (thinker._processor.tokenizer(text)["input_ids"] for text in ("a cook? </think>\n\n", "A cook cuts bread."))
    assert thinker._processor.read(thoughts + caption) == ("A cook cuts bread.", True)


def test_a_model_that_never_ends_its_thoughts_has_not_answered(thinker):
    (reply,) = thinker.caption([ask("it", noise(1))])
    assert reply.text == ""
    assert reply.problem == "it was still thinking after 12 tokens: raise vlm.max_new_tokens, or choose the model's instruct form"


HARMONY = ("<|start|>", "<|channel|>", "<|message|>", "<|end|>")


@pytest.fixture
def harmonist(folder):
    """A model that writes in harmony, whose marks are special tokens."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": list(HARMONY)})
    tokenizer.save_pretrained(folder)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("assistant:", "<|start|>assistant") + "{# <|channel|> #}")
    return load(folder)


def test_thoughts_between_special_tokens_are_no_part_of_a_caption(harmonist):
    written = "<|channel|>analysis<|message|>A cook?<|end|><|start|>assistant<|channel|>final<|message|>A cook cuts bread."
    tokens = harmonist._processor.tokenizer(written, add_special_tokens=False)["input_ids"]
    assert harmonist._processor.decode(tokens) == "analysisA cook?assistantfinalA cook cuts bread.", "the marks are no special tokens"
    assert harmonist._processor.read(tokens) == ("A cook cuts bread.", True)
    assert harmonist._processor.read(tokens[:12]) == ("", False)


@pytest.fixture
def batches(monkeypatch):
    """Rows and padded prompt length of each batch that is generated."""
    from action100m.models.vlm import captioner as vlm_captioner

    seen, generate = [], vlm_captioner.generate

    def watch(model, inputs, **settings):
        seen.append(tuple(inputs["input_ids"].shape))
        return generate(model, inputs, **settings)

    monkeypatch.setattr(vlm_captioner, "generate", watch)
    return seen


def test_batches_hold_no_more_tokens_than_the_budget(folders, batches):
    captioner = load(folders["qwen3_vl"], batch_tokens=300)
    requests = [ask(f"{count} {seed}", noise(count, seed)) for count in (1, 2, 3, 20) for seed in range(4)]
    assert len(texts(captioner, requests)) == 16
    assert sum(rows for rows, _ in batches) == 16
    assert all(rows == 1 or rows * (length + 12) <= 300 for rows, length in batches)
    assert any(rows == 1 and length > 300 for rows, length in batches)
    assert max(rows for rows, _ in batches) > 2


def test_a_batch_that_does_not_fit_the_memory_is_halved(captioners, monkeypatch, batches):
    from action100m.models.local.token_batches import TokenBatches

    captioner = captioners["smolvlm"]
    requests = [ask(str(seed), noise(2, seed)) for seed in range(7)]
    expected, generate = texts(captioner, requests), captioner._generate

    def fail(rows):
        if len(rows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
        return generate(rows)

    monkeypatch.setattr(captioner, "_batches", TokenBatches(10_000))
    monkeypatch.setattr(captioner, "_generate", fail)
    batches.clear()
    assert texts(captioner, requests) == expected
    assert sorted(rows for rows, _ in batches) == [1, 2, 2, 2]
    batches.clear()
    texts(captioner, requests)
    assert batches[0][0] == 2, "what did not fit is tried again"


def test_a_request_that_does_not_fit_the_memory_alone_tells_what_to_lower(captioners, monkeypatch):
    from action100m.models.local.token_batches import TokenBatches

    def fail(rows):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(captioners["smolvlm"], "_batches", TokenBatches(10_000))
    monkeypatch.setattr(captioners["smolvlm"], "_generate", fail)
    with pytest.raises(ModelError, match=r"lower caption\.frames, caption\.size or vlm\.max_new_tokens"):
        texts(captioners["smolvlm"], [ask("a", noise(2)), ask("b", noise(2))])


def test_a_clip_beyond_the_context_is_answered_with_the_cure_and_the_others_with_text(tmp_path):
    captioner = load(save_vlm(tmp_path, "qwen3_vl", context=100))
    replies = {reply.node: reply for reply in captioner.caption([ask("long", noise(9)), ask("short", noise(1))])}
    assert replies["long"].text == ""
    assert "do not fit the model's context of 100: lower caption.frames" in replies["long"].problem
    assert replies["short"].text


# loops, and draws


@pytest.fixture
def looping(folder):
    """A model whose next token depends on the last one only: among some 300 tokens it must come round."""

    def mute(weights):
        for name in weights:
            if "text_model" in name and ("o_proj" in name or "down_proj" in name):
                weights[name].zero_()
        weights["lm_head.weight"][END] = 0.0  # never the likeliest

    edit_weights(folder, mute)
    return folder


def follow(folder, token, count):
    """The tokens that a model of `looping` writes after a token, from its embeddings and head alone."""
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(folder).eval()
    embeddings, norm, head = model.get_input_embeddings(), model.model.text_model.norm, model.lm_head
    written = []
    for _ in range(count):
        token = head(norm(embeddings(torch.tensor(token)))).argmax().item()
        written.append(token)
    return written


def test_a_looping_caption_is_stopped_and_cut_back_to_its_first_round(looping):
    captioner = load(looping, max_new_tokens=300)
    (reply,) = captioner.caption([ask("it", noise(1))])
    decode, last = captioner._processor.decode, captioner._processor.encode([(PROMPT, noise(1))])["input_ids"][0, -1].item()
    chain = follow(looping, last, 300)
    period = next(period for period in range(1, 150) if chain[-period:] == chain[-2 * period : -period])
    start = next(start for start in range(300) if chain[start] == chain[start + period])
    assert captioner._ends == [END]
    assert f"repeat the same {period}; its first round is kept" in reply.problem
    assert reply.text == decode(chain[: start + period])
    assert start + max(60, 3 * period) <= reply.usage.output < start + max(60, 3 * period) + 16


def test_a_looping_row_stops_alone(looping, monkeypatch):
    from action100m.models.local import generation

    captioner = load(looping, max_new_tokens=200)
    found = generation.find_loop
    monkeypatch.setattr(generation, "find_loop", lambda row: found(row) if len(row) > 150 else None)
    late = texts(captioner, [ask("a", noise(1)), ask("b", noise(1, 1))])
    monkeypatch.setattr(generation, "find_loop", found)
    assert texts(captioner, [ask("a", noise(1)), ask("b", noise(1, 1))]) == late


def test_draws_are_the_same_for_the_same_frames_and_prompt_in_any_company(folders):
    captioner = load(folders["idefics3"], temperature=1.0)
    requests = [ask(str(seed), noise(1, seed)) for seed in range(4)]
    together = texts(captioner, requests)
    assert together == texts(captioner, requests[::-1])
    assert together == {request.node: say(captioner, request.frames.data) for request in requests}
    assert together != texts(load(folders["idefics3"]), requests)
    assert len(set(together.values())) == 4


def test_how_the_authors_draw_is_not_used(folder):
    expected = say(load(folder), noise(1))
    edit_json(folder / "generation_config.json", do_sample=True, temperature=5.0, top_k=3, repetition_penalty=3.0)
    assert say(load(folder), noise(1)) == expected


# what cannot be loaded


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weights: weights.pop("lm_head.weight"), r"missing_keys: lm_head\.weight"),
        (lambda weights: weights.update(extra=torch.zeros(2)), "unexpected_keys: extra"),
    ],
    ids=["missing", "unexpected"],
)
def test_weights_that_do_not_fit_are_refused(folder, change, message):
    edit_weights(folder, change)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("config.json", r"config\.json"),
        ("model.safetensors", r"model\.safetensors"),
        ("tokenizer.json", "Fetch"),
        ("preprocessor_config.json", "processor"),
        ("chat_template.jinja", "no chat template"),
    ],
)
def test_a_missing_file_is_an_error_that_tells_the_cure(folder, name, message):
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match=message):
        load(folder)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json", "preprocessor_config.json"])
def test_a_cut_off_file_is_refused(folder, name):
    path = folder / name
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CheckpointError, match="etch"):
        load(folder)


@pytest.mark.parametrize(
    ("template", "message"),
    [("{{ messages[0]['role'] }}: hello", "no place for pictures"), ("{{ messages[0].no.such }}", "cannot prepare"), ("{% for", "cannot prepare")],
    ids=["text only", "broken", "unclosed"],
)
def test_a_template_that_shows_no_pictures_is_refused(folder, template, message):
    (folder / "chat_template.jinja").write_text(template)
    with pytest.raises(CheckpointError, match=message):
        load(folder)


def test_another_kind_of_model_is_refused(folder):
    edit_json(folder / "config.json", model_type="bert")
    with pytest.raises(CheckpointError, match="'bert' model, which transformers does not know as one that makes text of pictures"):
        load(folder)


def test_a_model_that_no_token_ends_is_refused(folder):
    edit_json(folder / "tokenizer_config.json", eos_token=None)
    (folder / "generation_config.json").unlink()
    config = folder / "config.json"
    config.write_text(config.read_text().replace('"eos_token_id": 2', '"eos_token_id": null'))
    with pytest.raises(CheckpointError, match="token that ends a reply"):
        load(folder)


def test_too_little_memory_is_told_before_weights_are_read(folder, monkeypatch):
    from action100m.models.local import weights

    monkeypatch.setattr(weights, "_free_memory", lambda device: 1000)
    monkeypatch.setattr("action100m.models.vlm.captioner.load_weights", None)
    with pytest.raises(ModelError, match=r"take 0\.0 GB in float32, and this machine has 0\.0 GB .* set vlm\.checkpoint to a smaller model"):
        load(folder)


def test_parameters_are_counted_from_the_files(folders):
    from transformers import AutoModelForImageTextToText

    from action100m.models.local.weights import count_parameters

    model = AutoModelForImageTextToText.from_pretrained(folders["mllama"])
    assert count_parameters(folders["mllama"]) == sum(weight.numel() for weight in model.parameters())


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(folder):
    with pytest.raises(ModelError, match=r"vlm\.device is 'cuda', but PyTorch finds no GPU"):
        load(folder, device="cuda")


@pytest.mark.parametrize("package", ["torch", "transformers", "PIL"])
def test_a_missing_package_is_named_with_its_pip_line(monkeypatch, folder, package):
    for name in ("vlm.captioner", "vlm.processor", "vlm.pictures", "local.generation"):
        monkeypatch.delitem(sys.modules, f"action100m.models.{name}", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackageError, match=r"'action100m\[vlm\]'"):
        load(folder)


def test_smolvlm_without_num2words_names_the_pip_line(monkeypatch, folders):
    from transformers.models.smolvlm import processing_smolvlm

    monkeypatch.setattr(processing_smolvlm, "num2words", None)
    with pytest.raises(MissingPackageError, match="'num2words'"):
        load(folders["smolvlm"])


@pytest.mark.skipif(find_spec("torchvision") is not None, reason="torchvision is there")
def test_a_processor_that_is_made_for_torchvision_only_says_so(folder):
    edit_json(folder / "config.json", model_type="cohere2_vision")
    edit_json(folder / "preprocessor_config.json", image_processor_type="Cohere2VisionImageProcessor", processor_class="Cohere2VisionProcessor")
    edit_json(folder / "processor_config.json", processor_class="Cohere2VisionProcessor")
    with pytest.raises(CheckpointError, match="install the torchvision made for your PyTorch, or choose another"):
        load(folder)


def test_full_gpu_memory_at_loading_tells_the_cure(folder, monkeypatch):
    from action100m.models.vlm import captioner as vlm_captioner

    model = Mock()
    model.requires_grad_().eval().to.side_effect = torch.OutOfMemoryError("CUDA out of memory")
    monkeypatch.setattr(vlm_captioner, "_load_model", lambda folder, dtype: model)
    with pytest.raises(ModelError, match=r"set vlm\.checkpoint to a smaller model"):
        load(folder)


def test_a_gpu_gets_bfloat16_if_it_knows_it(monkeypatch):
    from action100m.models.local.weights import choose_device

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for known, expected in ((True, torch.bfloat16), (False, torch.float16)):
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda known=known, **_: known)
        assert choose_device("auto", "auto", kind="vlm", half="bfloat16")[1] == expected


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_writes_too(folders, dtype):
    captioner = load(folders["qwen3_vl"], dtype=dtype)
    assert captioner._model.dtype == getattr(torch, dtype)
    assert say(captioner, noise(2))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU")
@pytest.mark.parametrize("family", FAMILIES)
def test_a_gpu_says_what_the_cpu_says(folders, captioners, family):
    on_gpu = load(folders[family], device="cuda", dtype="float32")
    assert say(on_gpu, noise(3)) == say(captioners[family], noise(3))


# who it is


def test_name_and_identity_tell_what_captions_depend_on(folders):
    config = VlmConfig(checkpoint=str(folders["mllama"]), device="cpu", max_new_tokens=12)
    digest = config.identity()["sha256"]
    assert config.load().name == f"vlm {folders['mllama'].name} {digest[:12]} float32, at most 12 tokens at temperature 0"
    assert replace(config, batch_tokens=9).identity() == config.identity()
    for change in ({"max_new_tokens": 13}, {"temperature": 0.5}, {"dtype": "float16"}, {"tiles": False}):
        assert replace(config, **change).identity() != config.identity()


def test_identity_changes_with_the_way_captions_are_read(folder, monkeypatch):
    config = VlmConfig(checkpoint=str(folder))
    before = config.identity()
    monkeypatch.setattr("action100m.models.vlm.config.READING", 0)
    assert config.identity() != before


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json", "preprocessor_config.json", "model.safetensors"])
def test_identity_changes_with_each_file(folder, name):
    config = VlmConfig(checkpoint=str(folder))
    before = config.identity()
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    assert config.identity() != before


def test_identity_needs_no_torch(folder):
    import subprocess

    make = "from action100m.models.vlm.config import VlmConfig as Config; Config(checkpoint=sys.argv[1]).identity()"
    code = f"import sys; {make}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"checkpoint": ""}, r"vlm\.checkpoint must name a model"),
        ({"device": "tpu"}, r"vlm\.device must be one of auto, cpu, cuda, got 'tpu'"),
        ({"max_new_tokens": 0}, r"vlm\.max_new_tokens must be at least 1, got 0"),
        ({"batch_tokens": 0}, r"vlm\.batch_tokens must be at least 1, got 0"),
        ({"temperature": -1.0}, r"vlm\.temperature must be 0 \(greedy\) or more, got -1\.0"),
    ],
)
def test_a_setting_out_of_bounds_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        VlmConfig(**settings)
