//! Workers as the server sees them: started on first use, kept warm, killed when they take too long.

use std::ffi::OsString;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::JsonnetError;
use crate::frame::{self, GREETING, MAX_LENGTH, Reply, RequestRef, Variables};

/// How snippets are evaluated.
#[derive(Clone, Debug)]
pub struct JsonnetOptions {
    /// The program that is a worker: the server's own.
    pub program: PathBuf,
    /// What makes it one: the arguments of its hidden subcommand.
    pub args: Vec<OsString>,
    /// Evaluations at the same time.
    pub workers: NonZeroUsize,
    /// How long an evaluation may take.
    pub timeout: Duration,
    /// Bytes an evaluation may take, beyond what an idle worker has. Kept on Linux only.
    pub memory_limit: u64,
}

impl JsonnetOptions {
    /// Two workers that are `program jsonnet-worker`, with a second and 128 MiB for each evaluation.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: vec!["jsonnet-worker".into()],
            workers: const { NonZeroUsize::new(2).expect("two is not zero") },
            timeout: Duration::from_secs(1),
            memory_limit: 128 << 20,
        }
    }
}

/// Evaluates Jsonnet in child processes. Clones share the workers, which end with the last clone.
#[derive(Clone, Debug)]
pub struct Jsonnet(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: JsonnetOptions,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
}

impl Jsonnet {
    /// Starts nothing yet.
    #[must_use]
    pub fn new(options: JsonnetOptions) -> Self {
        let turns = Semaphore::new(options.workers.get());
        Self(Arc::new(Shared {
            options,
            turns,
            idle: Mutex::default(),
        }))
    }

    /// The value of `snippet`. It sees `external` as external variables and, if it is a function, as arguments by name.
    ///
    /// # Errors
    /// When the snippet is malformed, fails, takes too much time or memory, or no worker can be started. None of these concerns
    /// other evaluations.
    pub async fn evaluate(
        &self,
        snippet: &str,
        external: &[(&str, &Value)],
    ) -> Result<Value, JsonnetError> {
        let request = RequestRef {
            snippet,
            variables: Variables(external),
        };
        let request = serde_json::to_vec(&request).map_err(|error| failed(&error))?;
        if request.len() > MAX_LENGTH {
            return Err(failed(&"the snippet's input is too long"));
        }
        let shared = &*self.0;
        let _turn = shared
            .turns
            .acquire()
            .await
            .map_err(|error| unavailable(&error))?;
        let mut worker = match shared.idle_worker() {
            Some(worker) => worker,
            None => Worker::start(&shared.options).await?,
        };
        // Unless it comes to its end, the worker is dropped here and thereby killed: it may be looping, out of step or dead.
        let reply = timeout(shared.options.timeout, worker.ask(&request))
            .await
            .map_err(|_| JsonnetError::TimedOut)?
            .map_err(|_| JsonnetError::Crashed)?;
        shared.lock_idle().push(worker);
        match reply {
            Reply::Value(value) => Ok(value),
            Reply::Error(error) => Err(error),
        }
    }
}

impl Shared {
    /// A worker that is still alive. One that died while it was idle is forgotten.
    fn idle_worker(&self) -> Option<Worker> {
        let mut idle = self.lock_idle();
        while let Some(mut worker) = idle.pop() {
            if matches!(worker.child.try_wait(), Ok(None)) {
                return Some(worker);
            }
        }
        None
    }

    fn lock_idle(&self) -> std::sync::MutexGuard<'_, Vec<Worker>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A child process. Killed when dropped.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Worker {
    /// How long a worker may take to start on a busy machine.
    const STARTING: Duration = Duration::from_secs(10);

    async fn start(options: &JsonnetOptions) -> Result<Self, JsonnetError> {
        let mut child = Command::new(&options.program)
            .args(&options.args)
            // The server's secrets are no business of a snippet's.
            .env_clear()
            // The server's allocator would set aside a gigabyte, within which no limit could be kept.
            .env("MIMALLOC_ARENA_RESERVE", "16MiB")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| unavailable(&error))?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(unavailable(&"the pipes are missing"));
        };
        let mut worker = Self {
            child,
            input,
            output,
        };
        let greeting = timeout(Self::STARTING, frame::read_async(&mut worker.output))
            .await
            .map_err(|error| unavailable(&error))?
            .map_err(|error| unavailable(&error))?;
        if greeting != GREETING {
            return Err(unavailable(&"the program is not a Jsonnet worker"));
        }
        worker
            .limit_memory(options.memory_limit)
            .map_err(|error| unavailable(&error))?;
        tracing::debug!(
            process.id = worker.child.id(),
            "a Jsonnet worker was started"
        );
        Ok(worker)
    }

    async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<Value>> {
        frame::write_async(&mut self.input, request).await?;
        let reply = frame::read_async(&mut self.output).await?;
        Ok(serde_json::from_slice(&reply)?)
    }

    /// Allows so many bytes more than the worker has now, and no core dumps, which would hold personal data.
    #[cfg(target_os = "linux")]
    fn limit_memory(&self, limit: u64) -> io::Result<()> {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};

        let id = self.child.id().ok_or(io::ErrorKind::BrokenPipe)?;
        let pages = std::fs::read_to_string(format!("/proc/{id}/statm"))?
            .split(' ')
            .next()
            .and_then(|pages| pages.parse::<u64>().ok())
            .ok_or(io::ErrorKind::InvalidData)?;
        let present = pages.saturating_mul(rustix::param::page_size() as u64);
        let process = i32::try_from(id).ok().and_then(Pid::from_raw);
        for (resource, most) in [
            (Resource::As, present.saturating_add(limit)),
            (Resource::Core, 0),
        ] {
            let most = Some(most);
            prlimit(
                process,
                resource,
                Rlimit {
                    current: most,
                    maximum: most,
                },
            )?;
        }
        Ok(())
    }

    /// Only Linux can limit another process; elsewhere the time limit has to do.
    #[cfg(not(target_os = "linux"))]
    fn limit_memory(&self, _limit: u64) -> io::Result<()> {
        Ok(())
    }
}

fn unavailable(reason: &dyn std::fmt::Display) -> JsonnetError {
    JsonnetError::Unavailable(reason.to_string())
}

fn failed(reason: &dyn std::fmt::Display) -> JsonnetError {
    JsonnetError::Runtime {
        message: reason.to_string(),
        location: None,
    }
}
