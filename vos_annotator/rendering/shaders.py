"""The programs that run on the graphics card, and the matrices that they are given.

For: `renderer`. Knows numpy and SciPy's rotations.

One vertex program serves pictures and masks, so that both have the same outlines to the
pixel. It bends, twists and stretches the model; normals come from the bent surface.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from vos_annotator.rendering.scenes import FIELD, Body, Camera

_NEAR, _FAR = 0.3, 60.0

VERTEX = """
#version 330
in vec3 position;
in vec3 normal;
in vec2 coordinates;
in vec3 colour;
in float number;
uniform mat4 model;   // unit sphere -> room
uniform mat4 camera;  // room -> picture
uniform vec4 bend;    // bend, twist, stretch, wave
uniform vec2 jitter;  // of the whole picture, in its own units
out vec3 room_position;
out vec3 room_normal;
out vec3 own_position;
out vec3 own_normal;
out vec3 own_colour;
out vec3 texel;

vec2 turned(vec2 p, float angle) {
    float c = cos(angle), s = sin(angle);
    return vec2(c * p.x - s * p.y, s * p.x + c * p.y);
}

vec3 bent(vec3 p) {
    p.xz = turned(p.xz, bend.y * p.y);
    p.xy = turned(p.xy, bend.x * p.y);
    p *= vec3(exp(-0.5 * bend.z), exp(bend.z), exp(-0.5 * bend.z));
    return p + bend.w * sin(2.5 * p.yzx + vec3(0.0, 2.0, 4.0));
}

void main() {
    vec3 p = position, n = normal;
    if (bend != vec4(0.0)) {
        vec3 along = normalize(cross(n, abs(n.x) < 0.6 ? vec3(1, 0, 0) : vec3(0, 1, 0)));
        vec3 across = cross(n, along);
        p = bent(position);
        n = cross(bent(position + 0.01 * along) - p, bent(position + 0.01 * across) - p);
    }
    vec4 room = model * vec4(p, 1.0);
    room_position = room.xyz;
    room_normal = mat3(model) * n;
    own_position = position;
    own_normal = normal;
    own_colour = colour;
    texel = vec3(coordinates, number);
    gl_Position = camera * room;
    gl_Position.xy += jitter * gl_Position.w;
}
"""

PICTURE = """
#version 330
uniform sampler2DArray textures;
uniform sampler2D cover;
uniform bool is_covered;
uniform vec3 tint;
uniform vec3 eye;
uniform vec3 sun;       // towards it, unit
uniform vec3 sun_light;
uniform float ambient;
in vec3 room_position;
in vec3 room_normal;
in vec3 own_position;
in vec3 own_normal;
in vec3 own_colour;
in vec3 texel;
out vec4 painted;

vec3 wrapped() {
    vec3 share = pow(abs(normalize(own_normal)), vec3(4.0));
    vec3 p = 0.5 * own_position;
    return (share.x * texture(cover, p.zy).rgb + share.y * texture(cover, p.xz).rgb
          + share.z * texture(cover, p.xy).rgb) / (share.x + share.y + share.z);
}

void main() {
    vec4 own = texture(textures, texel);
    if (own.a < 0.5) discard;
    vec3 colour = tint * (is_covered ? wrapped() : own_colour * own.rgb);
    vec3 view = normalize(eye - room_position);
    vec3 n = normalize(room_normal);
    if (dot(n, view) < 0.0) n = -n;  // models do not agree on which side is the outer one
    float sky = ambient * (0.85 + 0.15 * n.y);
    float shine = 0.2 * pow(max(dot(reflect(-sun, n), view), 0.0), 20.0);
    painted = vec4(colour * (sky + sun_light * max(dot(n, sun), 0.0)) + shine * sun_light, 1.0);
}
"""

IDS = """
#version 330
uniform sampler2DArray textures;
uniform float id;  // 0 to 255
in vec3 texel;
out vec4 painted;

void main() {
    if (texture(textures, texel).a < 0.5) discard;
    painted = vec4(id / 255.0);
}
"""


def model_matrix(body: Body, time: float) -> NDArray[np.float64]:
    """Return (4, 4): the unit sphere of a body -> the room."""
    matrix = np.eye(4)
    matrix[:3, :3] = body.size * Rotation.from_rotvec(body.turn(time)).as_matrix()
    matrix[:3, 3] = body.position(time)
    return matrix


def camera_matrix(camera: Camera, time: float, aspect: float) -> NDArray[np.float64]:
    """Return (4, 4): the room -> the picture, in OpenGL's clip coordinates."""
    pan, tilt, roll, log_zoom = camera.aim(time)
    shake_pan, shake_tilt = camera.shake(time)
    turn = Rotation.from_euler("YXZ", (pan + shake_pan, tilt + shake_tilt, roll))
    view = np.eye(4)
    view[:3, :3] = turn.as_matrix().T
    view[:3, 3] = -view[:3, :3] @ camera.shift(time)
    focal = np.exp(log_zoom) / FIELD
    lens = np.zeros((4, 4))
    lens[0, 0], lens[1, 1] = focal / aspect, focal
    lens[2, 2] = -(_FAR + _NEAR) / (_FAR - _NEAR)
    lens[2, 3] = -2 * _FAR * _NEAR / (_FAR - _NEAR)
    lens[3, 2] = -1
    return lens @ view
