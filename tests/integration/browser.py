"""A real browser without a window, driven over a pipe (the DevTools protocol, no library).

    with Browser() as b:
        b.open('/tmp/page.html')
        b.run('document.title')      the value of an expression
        b.noise                      console messages, exceptions, requests for anything but the page
"""
import base64
import fcntl
import json
import os
import shutil
import subprocess
import tempfile
import time

NAMES = ['chromium-headless-shell', 'chromium']
FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync', '--disable-dev-shm-usage', '--remote-debugging-pipe']
PATIENCE = 60  # seconds for one answer


class Browser:
    def __enter__(self):
        program = next((p for p in map(shutil.which, NAMES) if p), None)
        if not program:
            raise SystemExit('no browser: scripts/install-deps installs chromium-headless-shell')
        self.folder = tempfile.mkdtemp(prefix='requeue-browser.')
        commands, self.to = os.pipe()
        self.back, answers = os.pipe()
        # The browser wants 3 and 4; from high numbers no order of copying can hurt.
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in (commands, answers)]
        os.close(commands)
        os.close(answers)
        self.process = subprocess.Popen(
            ['bash', '-c', f'exec "$0" "$@" 3<&{high[0]} 4>&{high[1]}', program, *FLAGS, f'--user-data-dir={self.folder}'],
            pass_fds=high, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, 'HOME': self.folder})
        for fd in high:
            os.close(fd)
        os.set_blocking(self.back, False)
        self.waiting, self.number, self.session, self.noise, self.seen = b'', 0, None, [], []
        target = self.ask('Target.createTarget', url='about:blank')['targetId']
        self.session = self.ask('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.ask(domain + '.enable')
        return self

    def __exit__(self, *_):
        # Asked to close, it ends its helpers first; killed, they would write into the folder that is gone.
        try:
            os.write(self.to, b'{"id": 0, "method": "Browser.close"}\0')
            self.process.wait(10)
        except (OSError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def next_message(self):
        end = time.monotonic() + PATIENCE
        while b'\0' not in self.waiting:
            try:
                piece = os.read(self.back, 1 << 20)
                if not piece:
                    raise SystemExit('the browser is gone')
                self.waiting += piece
            except BlockingIOError:
                if time.monotonic() > end:
                    raise SystemExit('the browser does not answer') from None
                time.sleep(0.005)
        one, self.waiting = self.waiting.split(b'\0', 1)
        message = json.loads(one)
        self.note(message)
        return message

    def note(self, message):
        method, params = message.get('method'), message.get('params', {})
        self.seen.append(method)
        if method == 'Runtime.consoleAPICalled':
            self.noise.append('console: ' + json.dumps(params['args'])[:400])
        elif method == 'Runtime.exceptionThrown':
            self.noise.append('exception: ' + json.dumps(params['exceptionDetails'])[:600])
        elif method == 'Log.entryAdded':
            self.noise.append('log: ' + params['entry']['text'][:400])
        elif method == 'Page.javascriptDialogOpening':
            self.noise.append('dialog: ' + params['message'])
        elif method == 'Network.requestWillBeSent':
            url = params['request']['url']
            if url != getattr(self, 'url', None) and not url.startswith('data:'):
                self.noise.append('request: ' + url[:200])

    def ask(self, method, **params):
        self.number += 1
        text = {'id': self.number, 'method': method, 'params': params, **({'sessionId': self.session} if self.session else {})}
        os.write(self.to, json.dumps(text).encode() + b'\0')
        while True:
            message = self.next_message()
            if message.get('id') == self.number:
                if 'error' in message:
                    raise SystemExit(f'{method}: {message["error"]}')
                return message['result']

    def open(self, path):
        self.url, self.noise, self.seen = 'file://' + os.path.abspath(path), [], []
        self.ask('Page.navigate', url=self.url)
        while 'Page.loadEventFired' not in self.seen:
            self.next_message()

    def run(self, expression):
        result = self.ask('Runtime.evaluate', expression=expression, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in result:
            raise SystemExit(f'{expression}: {result["exceptionDetails"]}')
        return result['result'].get('value')

    def look(self, width, height=900, dark=False, paper=False):
        """The window's size, and what the page is told of it."""
        self.ask('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
        self.ask('Emulation.setEmulatedMedia', media='print' if paper else 'screen',
                 features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])

    def picture(self, path, whole=True):
        with open(path, 'wb') as f:
            f.write(base64.b64decode(self.ask('Page.captureScreenshot', format='png', captureBeyondViewport=whole)['data']))

    def pdf(self, path):
        with open(path, 'wb') as f:
            f.write(base64.b64decode(self.ask('Page.printToPDF', printBackground=False)['data']))
