"""The masked CNN codec: convolutional networks, a scalar quantiser, and entropy coding by a range coder.

    networks    picture -> latent per 16 x 16 patch, and back
    quantiser   steps, rounding with a dead zone, what of a latent is sent
    context     how large a latent is expected to be, from what is known already, in exact integers
    statistics  the distributions that go with it, counted after training
    stream      quantised latents and mask -> bytes, and back

The registered scheme `sesc_cnn`, which sends these bytes over the 5G chain, is `baselines/sesc_cnn.py`: it stands on
`baselines.separate`, which this room doesn't know.
"""
