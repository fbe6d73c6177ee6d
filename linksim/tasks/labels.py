"""Names of classes: COCO's eighty, and where VOC says the same thing differently."""

import numpy as np

from linksim.errors import UserError

COCO = tuple(
    """person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,
    parking meter,bench,bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,
    suitcase,frisbee,skis,snowboard,sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,
    tennis racket,bottle,wine glass,cup,fork,knife,spoon,bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,
    pizza,donut,cake,chair,couch,potted plant,bed,dining table,toilet,tv,laptop,mouse,remote,keyboard,cell phone,
    microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,teddy bear,hair drier,toothbrush"""
    .replace("\n    ", "").split(","))
VOC = {"airplane": "aeroplane", "motorcycle": "motorbike", "dining table": "diningtable",
       "potted plant": "pottedplant", "couch": "sofa", "tv": "tvmonitor"}


def columns(detector: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    """Index in `detector` of each of the source's classes, int [C]. UserError where it doesn't know one."""
    place = {VOC.get(name, name): i for i, name in enumerate(detector)} | {name: i for i, name in enumerate(detector)}
    if not wanted:
        raise UserError("the source has no labelled classes, so detection can't be judged on it; "
                        "take a labelled source or another task")
    unknown = [name for name in wanted if name not in place]
    if unknown:
        raise UserError(f"the detector doesn't know {', '.join(map(repr, unknown))} of the source's classes. "
                        f"It knows: {', '.join(detector)}.")
    return np.array([place[name] for name in wanted])
