"""The models of the simulated service, after their published schemas."""

from __future__ import annotations

from decimal import Decimal

from vgen_replicate.simulator.model import Field, Hardware, Inputs, Model, Shot, Size

# Prices per second as Replicate lists them for public models billed by time.
A100 = Hardware("gpu-a100-large", "Nvidia A100 (80GB) GPU", Decimal("0.001400"))
H100 = Hardware("gpu-h100", "Nvidia H100 GPU", Decimal("0.001525"))
CPU = Hardware("cpu", "CPU", Decimal("0.000100"))

SEED = Field("integer", "Random seed. Leave blank to randomize the seed")


def _svd_shot(inputs: Inputs, size: Size | None) -> Shot:
    """The frame rate is one more than requested, as in cog-svd's source.

    25 frames take about 35 s on an A100, the time published for SVD-XT at 25 steps.
    """
    frames = 25 if inputs["video_length"] == "25_frames_with_svd_xt" else 14
    return Shot(
        frames=frames,
        fps=inputs["frames_per_second"] + 1,
        size=_svd_size(inputs["sizing_strategy"], size or (1024, 576)),
        seconds=35 * frames / 25,
    )


def _svd_size(strategy: str, size: Size) -> Size:
    """Multiples of 64; by default a picture keeps its aspect ratio, within 1024x576."""
    width, height = size
    if strategy == "crop_to_16_9":
        return (1024, 576)
    shrink = 1.0
    if strategy == "maintain_aspect_ratio":
        shrink = min(1.0, 1024 / width, 576 / height)
    return (_floor64(width * shrink), _floor64(height * shrink))


def _floor64(side: float) -> int:
    return max(64, int(side + 1e-6) // 64 * 64)


def _cogvideox_shot(inputs: Inputs, size: Size | None) -> Shot:  # noqa: ARG001 (always 720x480)
    """49 frames in 50 steps take about 150 s on an A100."""
    frames = _cogvideox_frames(inputs["num_frames"])
    seconds = 150 * frames / 49 * inputs["num_inference_steps"] / 50
    return Shot(frames, 8, (720, 480), seconds)


def _cogvideox_frames(requested: int) -> int:
    """Return the decoder's frame count, from two latent frames at a time: 8 for 5, but 9 for 9."""
    if not 1 <= requested <= 49:  # noqa: PLR2004 (the model's own limit)
        raise ValueError(
            "The number of frames must be less than 49 for now due to static positional embeddings."
        )
    latent = (requested - 1) // 4 + 1
    return 4 * latent if latent % 2 == 0 else 4 * (latent - 1) + 1


def _cogvideox_5b_shot(inputs: Inputs, size: Size | None) -> Shot:  # noqa: ARG001 (always 720x480)
    clips = max(1, inputs["num_outputs"])
    return Shot(49, 8, (720, 480), 150 * clips * inputs["steps"] / 50, clips)


def _wan_shot(inputs: Inputs, size: Size | None) -> Shot:
    """The run time for 81 frames at 480p is a guess: none is published."""
    large = inputs["resolution"] == "720p"
    frames, fps = inputs["num_frames"], inputs["frames_per_second"]
    seconds = 40 * frames / 81 * (2.25 if large else 1)
    if inputs["interpolate_output"]:
        frames, fps = round(frames * 30 / fps), 30
    wide, high = (1280, 720) if large else (832, 480)
    upright = size is not None and size[1] > size[0]
    return Shot(frames, fps, (high, wide) if upright else (wide, high), seconds)


def _cogvideox(**fields: Field) -> dict[str, Field]:
    return fields | {
        "num_inference_steps": Field(
            "integer", "Number of denoising steps", 50, minimum=1, maximum=500
        ),
        "guidance_scale": Field(
            "number", "Scale for classifier-free guidance", 6, minimum=1, maximum=20
        ),
        "num_frames": Field("integer", "Number of frames for the output video", 49),
        "seed": SEED,
    }


STABLE_VIDEO_DIFFUSION = Model(
    owner="stability-ai",
    name="stable-video-diffusion",
    version="3f0457e4619daac51203dedb472816fd4af51f3149fa7a9e0b5ffcf1b8172438",
    description="SVD is a research-only image to video model",
    fields={
        "input_image": Field("string", "Input image", required=True, uri=True),
        "video_length": Field(
            "string",
            "Use svd to generate 14 frames or svd_xt for 25 frames",
            "14_frames_with_svd",
            choices=("14_frames_with_svd", "25_frames_with_svd_xt"),
        ),
        "sizing_strategy": Field(
            "string",
            "Decide how to resize the input image",
            "maintain_aspect_ratio",
            choices=("maintain_aspect_ratio", "crop_to_16_9", "use_image_dimensions"),
        ),
        "frames_per_second": Field("integer", "Frames per second", 6, minimum=5, maximum=30),
        "motion_bucket_id": Field(
            "integer", "Increase overall motion in the generated video", 127, minimum=1, maximum=255
        ),
        "cond_aug": Field("number", "Amount of noise to add to input image", 0.02),
        "decoding_t": Field("integer", "Number of frames to decode at a time", 14),
        "seed": SEED,
    },
    hardware=A100,
    shot=_svd_shot,
)

COGVIDEOX_T2V = Model(
    owner="thudm",
    name="cogvideox-t2v",
    # The published id is unknown: this one is made up.
    version="e3dd12e1e6973c81be54c675248b8d90d1cf2a54336c7dfcd589c9636c5e7964",
    description="Text-to-Video Diffusion Models with An Expert Transformer",
    fields=_cogvideox(prompt=Field("string", "Input prompt", "A panda playing a small guitar.")),
    hardware=A100,
    shot=_cogvideox_shot,
)

COGVIDEOX_I2V = Model(
    owner="thudm",
    name="cogvideox-i2v",
    version="82caaa79520e03b3963c975e38dd68ac8a6b18a8a39c19fd8dc03b4ed4b91c58",
    description="Image-to-Video Diffusion Models with An Expert Transformer",
    fields=_cogvideox(
        prompt=Field("string", "Input prompt", "Starry sky slowly rotating."),
        image=Field("string", "Input image", required=True, uri=True),
    ),
    hardware=A100,
    shot=_cogvideox_shot,
)

COGVIDEOX_5B = Model(
    owner="cuuupid",
    name="cogvideox-5b",
    version="5b14e2c2c648efecc8d36c6353576552f8a124e690587212f8e8bb17ecda3d8c",
    description="Generate high quality videos from a prompt",
    fields={
        "prompt": Field("string", "Prompt", required=True),
        "extend_prompt": Field("boolean", "Extend the prompt with a language model", default=True),
        "steps": Field("integer", "Number of steps", 50, minimum=1, maximum=120),
        "guidance": Field("number", "The scale for guidance", 6, minimum=0, maximum=12),
        "num_outputs": Field("integer", "Number of output videos", 1),
        "seed": Field("integer", "Seed for reproducibility", 42),
    },
    hardware=A100,
    shot=_cogvideox_5b_shot,
    many=True,
)

WAN_I2V_FAST = Model(
    owner="wan-video",
    name="wan-2.2-i2v-fast",
    version="4eaf2b01d3bf70d8a2e00b219efeb7cb415855ad18b7dacdc4cae664a73a6eea",
    description="A very fast and cheap PrunaAI optimized version of Wan 2.2 A14B image-to-video",
    fields={
        "prompt": Field("string", "Prompt for video generation", required=True),
        "image": Field("string", "Input image to generate video from.", required=True, uri=True),
        "last_image": Field(
            "string", "Optional last image to condition the video generation", uri=True
        ),
        "num_frames": Field("integer", "Number of video frames", 81, minimum=81, maximum=121),
        "resolution": Field("string", "Resolution of video", "480p", choices=("480p", "720p")),
        "frames_per_second": Field("integer", "Frames per second", 16, minimum=5, maximum=30),
        "interpolate_output": Field(
            "boolean", "Interpolate the generated video to 30 FPS using ffmpeg", default=False
        ),
        "go_fast": Field("boolean", "Go fast", default=True),
        "sample_shift": Field("number", "Sample shift factor", 12, minimum=1, maximum=20),
        "seed": SEED,
        "disable_safety_checker": Field(
            "boolean", "Disable safety checker for generated video.", default=False
        ),
    },
    hardware=H100,
    shot=_wan_shot,
    official=True,
    workers=40,
    queue_seconds=1.0,
    cold_chance=0.0,
)

MODELS = (STABLE_VIDEO_DIFFUSION, COGVIDEOX_T2V, COGVIDEOX_I2V, COGVIDEOX_5B, WAN_I2V_FAST)

HARDWARE = (CPU, A100, H100)
