"""``ser serve``: a trained system behind HTTP, for recordings of at most so many bytes and seconds.

``application`` has the addresses, ``guard`` refuses requests that other web pages caused, ``uploads`` receives a
recording into a file, ``pool`` and ``worker`` pass it to a process of its own, in which ``answers`` predicts it: what
takes too long or crashes ends that process and not the server. ``page`` is what a browser displays.
"""
