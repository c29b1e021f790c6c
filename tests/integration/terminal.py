#!/usr/bin/env python3
"""Run a program on a terminal that changes its width.

  terminal.py OUT WIDTH,WIDTH... PROGRAM ARGUMENT...

It has the first width until it has drawn a line, then the next one, and the last to its end. OUT.WIDTH has
the lines drawn at that width (it is there when the first one is), OUT all that was written, without what a terminal obeys.
"""
import fcntl
import os
import pty
import re
import struct
import sys
import termios


def main():
    out, widths, *command = sys.argv[1], [int(w) for w in sys.argv[2].split(',')], *sys.argv[3:]
    os.environ.pop('CI', None)
    os.environ['TERM'] = 'xterm'
    child, terminal = pty.fork()
    if child == 0:
        # The first width has to be there before the program is.
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, widths[0], 0, 0))
        os.execv(command[0], command)
    everything, waiting, width = b'', b'', widths.pop(0)
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # that is how the end of a terminal reads
            piece = b''
        if not piece:
            break
        everything += piece
        waiting += piece
        *drawn, waiting = re.split(rb'\r\x1b\[K', waiting)
        drawn = [line for part in drawn for line in part.decode().splitlines() if re.search(r' \d', line) and not line.startswith('requeue')]
        if drawn:
            with open(f'{out}.new', 'a', encoding='utf-8') as f:
                f.writelines(line + '\n' for line in drawn)
            # What was drawn before the change arrives before it: the change waits for the first line.
            os.replace(f'{out}.new', f'{out}.{width}')
            if widths:
                width = widths.pop(0)
                fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 24, width, 0, 0))
                waiting = b''
    with open(out, 'w', encoding='utf-8') as f:
        f.write(re.sub(r'\r|\x1b\[K', '\n', everything.decode(errors='replace')).replace('\n\n', '\n'))
    os.waitpid(child, 0)
    return 0


if __name__ == '__main__':
    sys.exit(main())
