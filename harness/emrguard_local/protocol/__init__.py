"""Between the wire and a `Call`: which operation a request asks for, with which parameters, and how it is answered."""
