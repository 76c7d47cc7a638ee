"""Small OBJ models that tests write, and scenes of a thing that stands still."""

from pathlib import Path

import cv2
import numpy as np

from vos_annotator.rendering.paths import through
from vos_annotator.rendering.scenes import Body, Camera, Light, Scene

FRAMES = 6
GL_IS_MISSING = "OpenGL (EGL) or moderngl is not to be had here"


def write_box(folder: Path, name: str, half=(1.0, 1.0, 1.0), colour="0.8 0.2 0.1") -> Path:
    """Write an OBJ of a box with its material; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.mtl").write_text(f"newmtl paint\nKd {colour}\n")
    lines = [f"mtllib {name}.mtl", "usemtl paint"]
    for x in (-1, 1):
        for y in (-1, 1):
            for z in (-1, 1):
                lines.append(f"v {x * half[0]} {y * half[1]} {z * half[2]}")
    for face in ("1 2 4 3", "5 7 8 6", "1 5 6 2", "3 4 8 7", "1 3 7 5", "2 6 8 4"):
        lines.append(f"f {face}")
    path = folder / f"{name}.obj"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_picture_frame(folder: Path) -> Path:
    """Write an OBJ whose texture is red in its upper half and blue below."""
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4, :, 2], pixels[4:, :, 0] = 255, 255  # BGR
    cv2.imwrite(str(folder / "paint.png"), pixels)
    (folder / "frame.mtl").write_text("newmtl paint\nKd 1 1 1\nmap_Kd paint.png\n")
    path = folder / "frame.obj"
    path.write_text(
        "mtllib frame.mtl\nusemtl paint\n"
        "v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nv 0 0 -1\n"
        "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nvt 0.5 0.5\n"
        "f 1/1 2/2 3/3 4/4\nf 2/2 1/1 5/5\nf 3/3 2/2 5/5\nf 4/4 3/3 5/5\nf 1/1 4/4 5/5\n"
    )
    return path


def body(at=(0.0, 0.0, 4.0), size=0.6, **changes) -> Body:
    """Return a thing that stands still at (u, v, depth)."""
    u, v, depth = at
    still = {
        "model": 0,
        "size": size,
        "place": through([(u, v, np.log(depth))], FRAMES),
        "turn": through([(0.3, 0.5, 0.1)], FRAMES),
        "bend": through([(0.0, 0.0, 0.0, 0.0)], FRAMES),
        "tint": (1.0, 1.0, 1.0),
        "cover": None,
    }
    return Body(**still | changes)


def scene(*bodies: Body, shutter: float = 0.0) -> Scene:
    """Return a scene before a backdrop, with a camera and a light that stand still."""
    camera = Camera(
        aim=through([(0.0, 0.0, 0.0, 0.0)], FRAMES),
        shift=through([(0.0, 0.0, 0.0)], FRAMES),
        shake=through([(0.0, 0.0)], FRAMES),
    )
    light = Light(
        towards=through([(0.3, 1.0, 1.0)], FRAMES),
        strength=through([(0.7, 0.5)], FRAMES),
        colour=(1.0, 1.0, 1.0),
    )
    return Scene(bodies, camera, light, None, 3 + len(bodies), shutter)
