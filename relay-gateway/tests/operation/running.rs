//! A gateway that runs, and what it tells its supervisor.

use std::io::{BufRead as _, BufReader};
use std::os::unix::net::UnixDatagram;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::program::Home;

/// No test waits longer than this for what must come; far beyond what it takes.
const PATIENCE: Duration = Duration::from_mins(1);

/// A gateway process, ended with its test.
pub(crate) struct Running {
    pub(crate) child: Child,
    supervisor: UnixDatagram,
    log: Receiver<String>,
}

impl Home {
    /// Starts `run` under a supervisor that is this test.
    pub(crate) fn start(&self, name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Running {
        let notify = self.file(&format!("{name}.notify"));
        let supervisor = UnixDatagram::bind(&notify).expect("a socket");
        let mut command = self.command(&["run"]);
        command.args(arguments).env("NOTIFY_SOCKET", &notify).envs(environment.iter().copied());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        let (lines, log) = channel();
        std::thread::spawn(move || {
            // Until the process ends or its test does.
            stderr.lines().map_while(Result::ok).map(|line| lines.send(line)).all(|sent| sent.is_ok())
        });
        Running { child, supervisor, log }
    }
}

impl Running {
    /// Waits until the supervisor is told something with this in it; all that it was told until then.
    pub(crate) fn told(&self, wanted: &str) -> String {
        let mut told = String::new();
        let mut message = [0; 4096];
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
            self.supervisor.set_read_timeout(Some(left)).expect("a time");
            let size = self.supervisor.recv(&mut message).unwrap_or_else(|_| panic!("{wanted}: {told}"));
            told.push_str(std::str::from_utf8(&message[..size]).expect("UTF-8"));
            if told.contains(wanted) {
                return told;
            }
        }
    }

    /// The next line of the log with this in it.
    pub(crate) fn logged(&self, wanted: &str) -> String {
        let mut log = Vec::new();
        let deadline = Instant::now() + PATIENCE;
        loop {
            let line = self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()));
            let line = line.unwrap_or_else(|_| panic!("no {wanted} in the log: {log:#?}"));
            if line.contains(wanted) {
                return line;
            }
            log.push(line);
        }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Asks it to end, and waits: its exit code.
    pub(crate) fn stop(&mut self) -> Option<i32> {
        self.signal(Signal::TERM);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already ended is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
