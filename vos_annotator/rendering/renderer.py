"""Scenes drawn with OpenGL, without a window: on a graphics card, or in software.

For: `clips`. Knows moderngl and EGL. A renderer belongs to the thread that made it.

A picture is the mean of several, each at another moment of the exposure and moved by a part
of a pixel: motion blur and smooth edges in one. A mask is one sharp picture of ids, at the
middle of the exposure and not moved.
"""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack

import moderngl
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.rendering.meshes import Mesh
from vos_annotator.rendering.rooms import surroundings
from vos_annotator.rendering.scenes import Body, Scene
from vos_annotator.rendering.shaders import IDS, PICTURE, VERTEX, camera_matrix, model_matrix

_BACKEND = {"backend": "egl"} if sys.platform == "linux" else {}  # needs no display
_INPUTS = ("position", "normal", "coordinates", "colour", "number")
_LAYOUT = "3f 3f 2f 3f 1f"
# Parts of a pixel by which the moments of an exposure are moved: their mean is 0.
_JITTER = ((-0.125, -0.375), (0.375, -0.125), (-0.375, 0.125), (0.125, 0.375))


class Renderer:
    """An OpenGL context and the pictures that it draws into. Use it in a `with`.

    Raises:
        UserError: There is no OpenGL here, or it draws nothing so large.
    """

    def __init__(self, width: int, height: int) -> None:
        os.environ.setdefault("LP_NUM_THREADS", "0")  # in software: processes share the cores
        self.width, self.height = width, height
        try:
            self._context = moderngl.create_context(standalone=True, **_BACKEND)
        except Exception as error:  # whatever the loader or the driver raise
            raise UserError(
                f"OpenGL cannot be used ({error}): install libegl1 and libgl1-mesa-dri."
            ) from error
        context = self._context
        most = min(context.info["GL_MAX_TEXTURE_SIZE"], *context.info["GL_MAX_VIEWPORT_DIMS"])
        if max(width, height) > most:
            raise UserError(
                f"OpenGL draws no pictures of {width}x{height} px here: give a --size of at most "
                f"{most} px a side."
            )
        context.enable(moderngl.DEPTH_TEST)
        self._picture = context.program(VERTEX, fragment_shader=PICTURE)
        self._ids = context.program(VERTEX, fragment_shader=IDS)
        self._picture["cover"] = 1
        self._canvas = context.framebuffer(
            [context.texture((width, height), 4)], context.depth_renderbuffer((width, height))
        )

    def __enter__(self) -> "Renderer":
        return self

    def __exit__(self, *_: object) -> None:
        self._context.release()

    def stage(
        self, scene: Scene, meshes: Sequence[Mesh], pictures: Sequence[NDArray[np.uint8]]
    ) -> "Stage":
        """Return a scene with its models and pictures on the card. Use it in a `with`.

        Args:
            scene: What happens.
            meshes: One for each body.
            pictures: (N, N, 3) RGB: walls, floor, ceiling, then covers of bodies.
        """
        return Stage(self, scene, meshes, pictures)


class Stage:
    """A scene on the card."""

    def __init__(
        self,
        renderer: Renderer,
        scene: Scene,
        meshes: Sequence[Mesh],
        pictures: Sequence[NDArray[np.uint8]],
    ) -> None:
        self._renderer, self._scene = renderer, scene
        self._context = renderer._context
        self._kept = ExitStack()
        walls = [picture[::-1] for picture in pictures[:3]]
        self._room = _Drawable(self, surroundings(scene.room), walls)
        self._things = [_Drawable(self, mesh, mesh.textures) for mesh in meshes]
        self._covers = {
            body.cover: self._cover(pictures[body.cover])
            for body in scene.bodies
            if body.cover is not None
        }

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.close()

    def picture(self, time: float) -> NDArray[np.uint8]:
        """Return the (H, W, 3) RGB picture whose exposure has its middle at `time`."""
        total = np.zeros((self._renderer.height, self._renderer.width, 3), np.uint16)
        count = len(_JITTER)
        for moment, (right, up) in enumerate(_JITTER):
            when = time + self._scene.shutter * ((moment + 0.5) / count - 0.5)
            jitter = (2 * right / self._renderer.width, 2 * up / self._renderer.height)
            self._paint(when, jitter)
            total += self._pixels()
        return ((total + count // 2) // count).astype(np.uint8)

    def ids(self, time: float) -> NDArray[np.uint8]:
        """Return (H, W): 1 + the number of the body that is seen, 0 where there is none."""
        program = self._renderer._ids
        camera = camera_matrix(self._scene.camera, time, self._aspect)
        self._clear(program, camera, (0.0, 0.0))
        for number, (body, thing) in enumerate(zip(self._scene.bodies, self._things, strict=True)):
            program["id"] = number + 1
            self._pose(program, body, time)
            thing.draw(program)
        program["id"] = 0
        self._surround(program)
        return self._pixels()[..., 0]

    @property
    def _aspect(self) -> float:
        return self._renderer.width / self._renderer.height

    def _paint(self, time: float, jitter: tuple[float, float]) -> None:
        program, scene = self._renderer._picture, self._scene
        self._clear(program, camera_matrix(scene.camera, time, self._aspect), jitter)
        ambient, sun = scene.light.strength(time)
        towards = scene.light.towards(time)
        program["eye"] = tuple(scene.camera.shift(time))
        program["sun"] = tuple(towards / np.linalg.norm(towards))
        program["sun_light"] = tuple(sun * np.array(scene.light.colour))
        program["ambient"] = ambient
        for body, thing in zip(scene.bodies, self._things, strict=True):
            program["tint"] = body.tint
            program["is_covered"] = body.cover is not None
            if body.cover is not None:
                self._covers[body.cover].use(1)
            self._pose(program, body, time)
            thing.draw(program)
        program["is_covered"] = False
        program["tint"] = (1.0, 1.0, 1.0)
        self._surround(program)  # last: what is hidden is not shaded

    def _clear(
        self, program: moderngl.Program, camera: NDArray, jitter: tuple[float, float]
    ) -> None:
        self._renderer._canvas.use()
        self._context.clear()
        program["camera"].write(np.ascontiguousarray(camera.T, np.float32))
        program["jitter"] = jitter

    def _surround(self, program: moderngl.Program) -> None:
        program["bend"] = (0.0, 0.0, 0.0, 0.0)
        program["model"].write(np.eye(4, dtype=np.float32))
        self._room.draw(program)

    def _pose(self, program: moderngl.Program, body: Body, time: float) -> None:
        matrix = model_matrix(body, time)
        program["model"].write(np.ascontiguousarray(matrix.T, np.float32))
        program["bend"] = tuple(body.bend(time))

    def _pixels(self) -> NDArray[np.uint8]:
        """Return what was drawn, (H, W, 3), the top row first as in files."""
        data = self._renderer._canvas.read(components=3, alignment=1)
        shape = (self._renderer.height, self._renderer.width, 3)
        return np.frombuffer(data, np.uint8).reshape(shape)[::-1]

    def _cover(self, picture: NDArray[np.uint8]) -> moderngl.Texture:
        height, width = picture.shape[:2]
        texture = self._context.texture((width, height), 3, picture.tobytes(), alignment=1)
        self.keep(texture)
        _smooth(texture)
        return texture

    def keep(self, thing) -> None:
        """Release `thing` when the stage goes."""
        self._kept.callback(thing.release)


class _Drawable:
    """A mesh and its textures on the card."""

    def __init__(self, stage: Stage, mesh: Mesh, textures: Sequence[NDArray[np.uint8]]) -> None:
        context, renderer = stage._context, stage._renderer
        layers = np.stack(textures)
        count, height, width, channels = layers.shape
        self._texture = context.texture_array(
            (width, height, count), channels, layers.tobytes(), alignment=1
        )
        _smooth(self._texture)
        corners = context.buffer(np.ascontiguousarray(mesh.corners, np.float32))
        triangles = context.buffer(np.ascontiguousarray(mesh.triangles, np.uint32))
        for thing in (self._texture, corners, triangles):
            stage.keep(thing)
        self._arrays = {}
        for program in (renderer._picture, renderer._ids):
            self._arrays[program] = context.vertex_array(
                program, [(corners, _LAYOUT, *_INPUTS)], index_buffer=triangles, skip_errors=True
            )
            stage.keep(self._arrays[program])

    def draw(self, program: moderngl.Program) -> None:
        """Draw the mesh as the program's settings say."""
        self._texture.use(0)
        self._arrays[program].render()


def _smooth(texture: moderngl.Texture | moderngl.TextureArray) -> None:
    texture.build_mipmaps()
    texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
