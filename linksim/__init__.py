"""linksim: which system lets the receiver's task work best on this channel, with this many channel uses?"""

__version__ = "0.1.0"
