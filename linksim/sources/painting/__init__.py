"""How a built-in scene is painted: random draws, texture fields, shapes of the classes, composition."""
