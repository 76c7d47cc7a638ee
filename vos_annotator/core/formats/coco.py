"""COCO for video: one JSON file a clip, which pycocotools reads, with a track for each object.

For: the registry. `coco_reading` reads what others write.

    OUT/annotations/NAME.json    videos, images with video_id and frame_id, annotations with
                                 track_id, and a category for each name of an object
    OUT/images/NAME/00000.jpg

Masks are run lengths, or polygons without holes: a hole is joined to the border by a seam.
"""

from collections.abc import Mapping
from typing import NamedTuple

import cv2
import numpy as np

from vos_annotator.core.formats.coco_reading import looks_like, read
from vos_annotator.core.formats.format import Encoded, Sequence, Writer
from vos_annotator.core.formats.outlines import outlines
from vos_annotator.core.formats.rle import encode_rle
from vos_annotator.core.formats.text_files import write_json
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.video import Image

__all__ = ["Coco", "looks_like", "read", "writer"]


def writer(format_name: str, sequence: Sequence) -> Writer:
    """Return the writer of run lengths or of polygons."""
    return Coco(sequence, has_polygons=format_name == "coco-polygons")


class Instance(NamedTuple):
    """An object on a frame."""

    object_id: int
    segmentation: object
    box: tuple[int, int, int, int]
    area: int


class Coco(Writer):
    """Keeps each mask as it is written, and puts the file together at the end."""

    def __init__(self, sequence: Sequence, has_polygons: bool) -> None:
        super().__init__(sequence)
        self._has_polygons = has_polygons
        self.place = f"annotations/{sequence.name}.json"
        self._images = f"images/{sequence.name}"
        self.own = (self._images,) if sequence.options.with_images else ()

    def picture(self, frame: int) -> str:
        """Return the place below images."""
        return f"{self._images}/{self.stem(frame)}.jpg"

    def encode(self, frame: int, label_map: LabelMap, png: bytes, image: Image | None) -> Encoded:
        """Return the frame's objects."""
        return Encoded(row=[self._instance(label_map, i) for i in object_ids(label_map)])

    def end(self, rows: Mapping[int, list[Instance]]) -> Mapping[str, bytes]:
        """Return the JSON file."""
        sequence, (height, width) = self.sequence, self.sequence.shape
        ids = sorted({each.object_id for row in rows.values() for each in row})
        categories: dict[str, int] = {}
        for object_id in ids:
            name = sequence.object_name(object_id)
            categories.setdefault(name, len(categories) + 1)
        images = [
            {
                "id": frame + 1,
                "file_name": f"{sequence.name}/{self.stem(frame)}.jpg",
                "height": height,
                "width": width,
                "video_id": 1,
                "frame_id": frame,
                "time": round(sequence.times[frame], 6),
            }
            for frame in rows
        ]
        annotations = [
            {
                "image_id": frame + 1,
                "category_id": categories[sequence.object_name(each.object_id)],
                "track_id": each.object_id,
                "segmentation": each.segmentation,
                "bbox": each.box,
                "area": each.area,
                "iscrowd": 0,
            }
            for frame, row in rows.items()
            for each in row
        ]
        content = {
            "info": {"description": sequence.name},
            "licenses": [],
            "videos": [{"id": 1, "name": sequence.name, "height": height, "width": width}],
            "images": images,
            "annotations": [{"id": n, **each} for n, each in enumerate(annotations, 1)],
            "categories": [{"id": number, "name": name} for name, number in categories.items()],
        }
        return {self.place: write_json(content)}

    def _instance(self, label_map: LabelMap, object_id: int) -> Instance:
        mask = label_map == object_id
        if self._has_polygons:
            segmentation: object = [part.ravel().tolist() for part in outlines(mask)]
        else:
            segmentation = {"size": list(mask.shape), "counts": encode_rle(mask)}
        box = tuple(cv2.boundingRect(mask.view(np.uint8)))
        return Instance(object_id, segmentation, box, int(np.count_nonzero(mask)))
