//! Names, and what the kernel shows of them: TI19 to TI23.

use super::*;

fn kernel_name(tid: Pid) -> String {
    let comm = format!("/proc/self/task/{}/comm", tid.as_raw_nonzero());
    std::fs::read_to_string(comm).expect("a living thread").trim_end_matches('\n').to_owned()
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

#[track_caller]
fn name(nt: Nt, thread: Handle) -> String {
    String::from_utf16(&nt.thread_description(thread).expect("a description")).expect("UTF-16")
}

/// A name that does not fit is BUFFER_TOO_SMALL with the size that is needed: 16 bytes and the text.
#[test]
fn ti19_size_of_the_name() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        for (text, needed) in [("", 16), ("worker", 28), ("", 16)] {
            assert_eq!(nt.set_thread_description(thread, &utf16(text)), NtStatus::SUCCESS);
            for length in [0, 1, 15, 16, 17, 27, 28, 29, 100] {
                let (mut buffer, mut returned) = (vec![0xAA; length], 0xDEAD_BEEF);
                let status = nt.nt_query_information_thread(thread, 38, &mut buffer, Some(&mut returned));
                let fits = length >= needed;
                assert_eq!(status, if fits { NtStatus::SUCCESS } else { NtStatus::BUFFER_TOO_SMALL }, "{length} bytes");
                assert_eq!(returned as usize, needed);
                let untouched = if fits { &buffer[needed..] } else { &buffer[..] };
                assert!(untouched.iter().all(|byte| *byte == 0xAA), "{length} bytes");
            }
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// No terminator is counted, both lengths are the same, and the pointer is to directly behind the structure.
#[test]
fn ti20_layout_of_the_name() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        for text in ["", "n", "worker of the day", "ä\u{1F600}"] {
            assert_eq!(nt.set_thread_description(thread, &utf16(text)), NtStatus::SUCCESS);
            let bytes = 2 * utf16(text).len();
            let mut buffer = vec![0xAA; 16 + bytes];
            assert_eq!(nt.nt_query_information_thread(thread, 38, &mut buffer, None), NtStatus::SUCCESS);
            let lengths = u32_at(&buffer, 0);
            assert_eq!((lengths as usize & 0xFFFF, lengths as usize >> 16), (bytes, bytes));
            assert_eq!(u32_at(&buffer, 4), 0, "padding");
            assert_eq!(u64_at(&buffer, 8), buffer[16..].as_ptr().addr() as u64);
            let units = buffer[16..].chunks_exact(2).map(|unit| u16::from_ne_bytes([unit[0], unit[1]]));
            assert_eq!(units.collect::<Vec<_>>(), utf16(text));
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// A name is set, changed, and cleared by an empty one; of living threads and dead ones. The pointer form of the class is
/// not for safe Rust.
#[test]
fn ti21_names_are_set_and_cleared() {
    within(|| {
        let nt = Nt::new();
        for thread in [suspended(nt), dead(nt, 0), ME] {
            for text in ["one", "", "a much longer name than the kernel would show", "", ""] {
                assert_eq!(nt.set_thread_description(thread, &utf16(text)), NtStatus::SUCCESS);
                assert_eq!(name(nt, thread), text);
            }
            assert_eq!(nt.set_thread_description(thread, &[0xD800, 0, 0x41]), NtStatus::SUCCESS);
            assert_eq!(nt.thread_description(thread), Ok(vec![0xD800, 0, 0x41]), "any 16-bit units");
            assert_eq!(nt.nt_set_information_thread(thread, 38, &[0; 16]), NtStatus::INVALID_INFO_CLASS);
        }
        assert_eq!(name(nt, dead(nt, 0)), "", "a name does not pass on to the next thread");
    });
}

/// The limited rights are enough for names, and others are not.
#[test]
fn ti22_rights_of_names() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        let with = |access| nt.duplicate(thread, access).expect("a duplicate");
        let query = [AccessMask::THREAD_QUERY_LIMITED_INFORMATION, AccessMask::THREAD_QUERY_INFORMATION];
        let set = [AccessMask::THREAD_SET_LIMITED_INFORMATION, AccessMask::THREAD_SET_INFORMATION];
        for (query, set) in query.into_iter().zip(set) {
            let (reader, writer) = (with(query), with(set));
            assert_eq!(nt.set_thread_description(reader, &[0x41]), NtStatus::ACCESS_DENIED);
            assert_eq!(nt.set_thread_description(writer, &[0x41]), NtStatus::SUCCESS);
            assert_eq!(nt.thread_description(writer), Err(NtStatus::ACCESS_DENIED));
            assert_eq!(nt.thread_description(reader), Ok(vec![0x41]));
            assert_eq!(nt.nt_query_information_thread(reader, 38, &mut [0; 18], None), NtStatus::SUCCESS);
            assert_eq!(nt.nt_query_information_thread(writer, 38, &mut [0; 18], None), NtStatus::ACCESS_DENIED);
        }
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// 65,535 bytes are the most, which is 32,767 units; the check comes before the handle, as there is no text to send.
#[test]
fn ti23_longest_name() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        let longest = vec![0x41; 32_767];
        assert_eq!(nt.set_thread_description(thread, &longest), NtStatus::SUCCESS);
        for beyond in [32_768, 40_000, 1 << 20] {
            assert_eq!(nt.set_thread_description(thread, &vec![0x42; beyond]), NtStatus::INVALID_PARAMETER);
            assert_eq!(nt.set_thread_description(Handle::NULL, &vec![0x42; beyond]), NtStatus::INVALID_PARAMETER);
        }
        assert_eq!(nt.thread_description(thread), Ok(longest));
        let mut buffer = vec![0; 16 + 65_534];
        assert_eq!(nt.nt_query_information_thread(thread, 38, &mut buffer, None), NtStatus::SUCCESS);
        assert_eq!(u32_at(&buffer, 0), 0xFFFE_FFFE);
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}

/// The kernel shows the first 15 bytes of the name, of the calling thread and of others.
#[test]
fn names_reach_the_kernel() {
    within(|| {
        let nt = Nt::new();
        let (running, foreign) = (running(nt), foreign(nt));
        for (handle, tid) in [(running.handle, running.tid), (foreign.handle, foreign.tid), (ME, own_tid())] {
            for (text, comm) in [
                ("short", "short"),
                ("exactly fifteen", "exactly fifteen"),
                ("more than fifteen bytes", "more than fifte"),
                ("äöüäöüäöü", "äöüäöüä"),
                ("", ""),
                ("again", "again"),
            ] {
                assert_eq!(nt.set_thread_description(handle, &utf16(text)), NtStatus::SUCCESS);
                assert_eq!(kernel_name(tid), comm);
            }
        }
        running.end(nt);
        foreign.end(nt);
    });
}

/// A description is whole, whoever writes it meanwhile.
#[test]
fn names_are_read_whole() {
    within(|| {
        let nt = Nt::new();
        let thread = suspended(nt);
        let texts = [vec![0x41; 20_000], vec![0x42; 3], vec![0x43; 32_767]];
        let known = texts.clone();
        let writer = Worker::start(move || {
            for text in known.iter().cycle().take(3_000) {
                assert_eq!(nt.set_thread_description(thread, text), NtStatus::SUCCESS);
            }
        });
        while !writer.is_finished() {
            let text = nt.thread_description(thread).expect("a description");
            assert!(text.is_empty() || texts.contains(&text), "{} units", text.len());
        }
        writer.join();
        assert_eq!(nt.nt_resume_thread(thread), Ok(1));
    });
}
