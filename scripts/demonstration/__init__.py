"""What ``scripts/demo.py`` plays.

`steps` does what an artist does, and shows how far it is.
`scene` has the still life, and the studio around the model.
`pictures` renders the examples of docs/pictures.md.
`geometry` hands the still life's own shapes to the stand-in for Trellis 2.
"""
