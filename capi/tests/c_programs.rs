//! The C programs of `tests/c`: compiled as a user's are, with each compiler, and run. Each prints what does not hold and says
//! so by its status.

mod common;

macro_rules! programs {
    ($($name:ident),* $(,)?) => {
        $(
            #[test]
            fn $name() {
                for compiler in common::compilers() {
                    common::run(&common::compile(compiler, stringify!($name)));
                }
            }
        )*

        /// A program that nobody runs proves nothing.
        #[test]
        fn every_program_is_run() {
            let listed = [$(concat!(stringify!($name), ".c")),*];
            let there = std::fs::read_dir(common::source("tests/c")).expect("the programs");
            for file in there.map(|file| file.expect("a program").file_name()) {
                let name = file.to_string_lossy();
                assert!(!name.ends_with(".c") || listed.contains(&&*name), "{name} is not in the list");
            }
        }
    };
}

programs![
    address,
    bad_memory,
    barrier,
    condition,
    critical_section,
    ext_fds,
    ext_graph,
    init_once,
    nt_apc,
    nt_event,
    nt_handle,
    nt_mutant,
    nt_semaphore,
    nt_thread,
    nt_thread_information,
    nt_timer,
    nt_wait,
    srw,
    win32_apcs,
    win32_exit,
    win32_handles,
    win32_objects,
    win32_processes,
    win32_registered_waits,
    win32_slots,
    win32_threads,
    win32_timers,
    win32_waits,
];
