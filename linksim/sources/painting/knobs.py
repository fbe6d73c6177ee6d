"""What sets how hard a scene is, for a detector and for a codec. Pairs are (low, high) of a draw.

Tuned so that JPEG2000 costs a detector trained on scenes what it costs a detector on photographs.
"""

OBJECTS = (1, 6)  # an image
OBJECTS_DECAY = .6  # how much rarer each further object is
SIDE_MEDIAN, SIDE_SPREAD, SIDE_RANGE = 76, .55, (16, 200)  # longest side in pixels: log-normal, clipped
COVER = .7  # most of a box that one other box may cover at placing

FIELD_SLOPE = (1.3, 1.9)  # exponent of a texture's power spectrum
FIELD_GAIN = 26  # the ground's texture, most standard deviation in grey levels: few pictures are all grain
GRAIN_GAIN = (0, 10)  # a leaf's or an object's own texture
LEAVES = (100, 240)  # clutter shapes in the background
LEAF_RADIUS = (2.5, 80)  # pixels, density falling as radius^-3 (dead leaves, scale invariance)
SURFACES, SURFACE_RADIUS, SURFACE_TONE = 9, (30, 130), .5  # large regions behind; pixels; part of LEAF_SPREAD
LEAF_SPREAD = 46  # grey levels, standard deviation of a leaf's brightness
CHROMA_SPREAD = 8  # levels of Cb and Cr, standard deviation, leaves and objects alike

CONTRAST = (8, 60)  # object against the picture's mean brightness, grey levels either way
PART_CONTRAST = (14, 40)  # second colour, dark and light detail against the body
PATTERN_GAIN = (0, 16)  # stripes or spots on an object
SHADING = (.3, .9)  # relief by the light's direction
LIGHT_FALL = (0, 28)  # brightness gradient across the picture

DIFFICULT_BELOW, DROP_BELOW = .45, .15  # visible fraction of an object
SMALLEST = 10  # pixels, longest visible side of an object still in the truth
