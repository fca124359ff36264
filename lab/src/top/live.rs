//! `lab top` on a terminal: a picture that is drawn anew several times a second.

use std::os::raw::c_int;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table};
use ratatui::{DefaultTerminal, Frame};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use crate::demonstration::Demonstration;
use crate::snapshot::{Counts, ObjectRow, Snapshot, Stuck, ThreadRow, span};

/// How often the graph is looked at.
const PERIOD: Duration = Duration::from_millis(250);
/// Between the two looks whose counts make a rate.
const RATE_SPAN: Duration = Duration::from_secs(1);

/// Shows the server until a key or the time ends it. The terminal is as it was when this returns, or panics, or a signal ends the
/// process.
pub(super) fn run(server: &Demonstration, seconds: Option<u32>, deadlock: bool) -> Result<(), String> {
    let last = LastSignal::watch().map_err(|error| format!("signals cannot be handled: {error}"))?;
    let mut terminal = ratatui::try_init().map_err(|error| format!("no terminal to draw on: {error}"))?;
    let shown = show(&mut terminal, server, seconds, deadlock, &last);
    let _ = ratatui::try_restore(); // there may be no terminal any more
    last.obey();
    shown.map_err(|error| format!("the terminal: {error}"))
}

/// The signals that end a process, put off until the terminal is as it was.
struct LastSignal(Arc<AtomicUsize>);

impl LastSignal {
    fn watch() -> std::io::Result<Self> {
        let came = Arc::new(AtomicUsize::new(0));
        for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
            signal_hook::flag::register_usize(signal, Arc::clone(&came), signal as usize)?;
        }
        Ok(Self(came))
    }

    fn get(&self) -> Option<c_int> {
        Some(self.0.load(Ordering::Relaxed) as c_int).filter(|signal| *signal != 0)
    }

    /// Ends the process as the signal would have, if one came.
    fn obey(&self) {
        if let Some(signal) = self.get() {
            let _ = signal_hook::low_level::emulate_default_handler(signal); // it has one
        }
    }
}

fn show(
    terminal: &mut DefaultTerminal,
    server: &Demonstration,
    seconds: Option<u32>,
    deadlock: bool,
    last: &LastSignal,
) -> std::io::Result<()> {
    let end = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds.into()));
    let mut view = View::new(server.snapshot());
    if deadlock {
        server.quarrel();
    }
    loop {
        terminal.draw(|frame| view.draw(frame))?;
        if last.get().is_some() || end.is_some_and(|end| Instant::now() >= end) {
            return Ok(());
        }
        if event::poll(PERIOD)?
            && let Event::Key(key) = event::read()?
        {
            match view.press(key) {
                Wish::Quit => return Ok(()),
                Wish::Deadlock => server.quarrel(),
                Wish::Nothing => {}
            }
        }
        if !view.is_paused {
            view.see(server.snapshot());
        }
    }
}

/// What a key asks of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    Nothing,
    Deadlock,
    Quit,
}

/// What is on the screen.
struct View {
    snapshot: Snapshot,
    /// Each second: accepted, served, waits, signals.
    rates: [f64; 4],
    /// What the rates count from.
    earlier: Counts,
    is_paused: bool,
    /// The longest waits first, instead of the order of ids.
    is_by_time: bool,
    /// Threads that are scrolled out at the top.
    scrolled: usize,
}

impl View {
    fn new(snapshot: Snapshot) -> Self {
        let earlier = snapshot.counts;
        Self { snapshot, rates: [0.0; 4], earlier, is_paused: false, is_by_time: false, scrolled: 0 }
    }

    fn see(&mut self, snapshot: Snapshot) {
        if snapshot.counts.at.saturating_sub(self.earlier.at) >= RATE_SPAN {
            self.rates = snapshot.rates(&self.earlier);
            self.earlier = snapshot.counts;
        }
        self.snapshot = snapshot;
    }

    fn press(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::Nothing;
        }
        let most = self.snapshot.threads.len().saturating_sub(1);
        match key.code {
            KeyCode::Char('q') | KeyCode::Esc => return Wish::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Wish::Quit,
            KeyCode::Char('d') => return Wish::Deadlock,
            KeyCode::Char(' ') => self.is_paused = !self.is_paused,
            KeyCode::Char('s') => self.is_by_time = !self.is_by_time,
            KeyCode::Up => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::Down => self.scrolled = (self.scrolled + 1).min(most),
            _ => {}
        }
        Wish::Nothing
    }

    fn draw(&self, frame: &mut Frame<'_>) {
        let snapshot = &self.snapshot;
        let deadlock_lines: Vec<Line<'_>> =
            snapshot.deadlocks.iter().flat_map(|text| text.lines()).map(|line| Line::styled(line, RED)).collect();
        let of_deadlocks = if deadlock_lines.is_empty() { 0 } else { deadlock_lines.len().min(8) as u16 + 2 };
        let of_objects = (snapshot.objects.len() as u16 + 3).min(frame.area().height / 3);
        let [head, threads, objects, deadlocks, keys] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Min(4),
            Constraint::Length(of_objects),
            Constraint::Length(of_deadlocks),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.head(), head);
        self.draw_threads(frame, threads);
        self.draw_objects(frame, objects);
        if !deadlock_lines.is_empty() {
            let block = Block::bordered().title(" deadlock ").border_style(RED);
            frame.render_widget(Paragraph::new(deadlock_lines).block(block), deadlocks);
        }
        let help = " q quit   space pause   d deadlock   s sort   ↑↓ scroll";
        frame.render_widget(Line::styled(help, Style::new().add_modifier(Modifier::DIM)), keys);
    }

    fn head(&self) -> Line<'_> {
        let [accepted, served, waits, signals] = self.rates;
        let mut spans = vec![
            Span::styled(format!(" process {} ", self.snapshot.process), BOLD),
            Span::raw(format!(
                " {accepted:.0} requests/s   {served:.0} served/s   {waits:.0} waits/s   {signals:.0} signals/s"
            )),
        ];
        if self.is_paused {
            spans.push(Span::styled("   paused", Style::new().fg(Color::Yellow)));
        }
        Line::from(spans)
    }

    fn draw_threads(&self, frame: &mut Frame<'_>, area: Rect) {
        let mut threads: Vec<&ThreadRow> = self.snapshot.threads.iter().collect();
        if self.is_by_time {
            threads.sort_by_key(|thread| core::cmp::Reverse(thread.since));
        }
        let rows = threads.into_iter().skip(self.scrolled).map(|thread| {
            let id = thread.id.map(|id| id.to_string()).unwrap_or_default();
            let since = thread.since.map(span).unwrap_or_default();
            let cells = [id, thread.tid.to_string(), thread.name.clone(), thread.state.to_owned(), since];
            Row::new(cells.into_iter().chain([thread.reason.clone()]).map(Cell::new)).style(style_of(thread.stuck))
        });
        let widths = [
            Constraint::Length(5),
            Constraint::Length(8),
            Constraint::Length(14),
            Constraint::Length(9),
            Constraint::Length(9),
            Constraint::Min(10),
        ];
        let head = Row::new(["id", "tid", "name", "state", "since", "waits for"]).style(BOLD);
        let title = format!(" {} threads ", self.snapshot.threads.len());
        frame.render_widget(Table::new(rows, widths).header(head).block(Block::bordered().title(title)), area);
    }

    fn draw_objects(&self, frame: &mut Frame<'_>, area: Rect) {
        let owner = |object: &ObjectRow| {
            object.owner.and_then(|place| self.snapshot.threads.get(place)).map_or("", |thread| &thread.name).to_owned()
        };
        let rows = self.snapshot.objects.iter().map(|object| {
            let name = format!("{} {}", object.kind, object.name);
            let style = if object.red { RED } else { Style::new() };
            Row::new([name, owner(object), object.queue.to_string(), object.state.clone()]).style(style)
        });
        let widths = [Constraint::Length(32), Constraint::Length(14), Constraint::Length(6), Constraint::Min(10)];
        let head = Row::new(["object", "owner", "queue", "state"]).style(BOLD);
        frame.render_widget(Table::new(rows, widths).header(head).block(Block::bordered().title(" objects ")), area);
    }
}

const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const RED: Style = Style::new().fg(Color::Red);

const fn style_of(stuck: Stuck) -> Style {
    match stuck {
        Stuck::Cycle => RED,
        Stuck::Behind => Style::new().fg(Color::Yellow),
        Stuck::No => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    use super::*;

    fn snapshot() -> Snapshot {
        let thread = |id, name: &str, reason: &str, seconds, stuck| ThreadRow {
            id: Some(id),
            tid: 70 + id,
            name: name.to_owned(),
            state: "waits",
            on: Vec::new(),
            reason: reason.to_owned(),
            since: Some(Duration::from_secs(seconds)),
            stuck,
        };
        Snapshot {
            process: 9,
            threads: vec![
                thread(4, "worker 1", "mutant journal", 1, Stuck::Cycle),
                thread(8, "logger", "mutant accounts", 2, Stuck::Behind),
                thread(12, "acceptor", "timer tick", 3, Stuck::No),
            ],
            objects: vec![ObjectRow {
                kind: "mutant",
                name: "journal".to_owned(),
                state: "owned".to_owned(),
                owner: Some(0),
                queue: 2,
                red: true,
            }],
            deadlocks: vec!["deadlock of 2 threads:\n  worker 1 waits\n".to_owned()],
            counts: Counts { at: Duration::from_secs(2), accepted: 30, served: 20, waits: 10, signals: 40 },
            ..Snapshot::default()
        }
    }

    fn screen(view: &View) -> Vec<String> {
        let mut terminal = Terminal::new(TestBackend::new(80, 18)).expect("a screen");
        terminal.draw(|frame| view.draw(frame)).expect("drawn");
        let buffer = terminal.backend().buffer();
        let line = |y| (0..80).map(|x| buffer[(x, y)].symbol()).collect::<String>().trim_end().to_owned();
        (0..18).map(line).collect()
    }

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    #[test]
    fn the_screen_shows_threads_objects_and_deadlocks() {
        let mut view = View::new(Snapshot::default());
        view.see(snapshot());
        let expected = [
            " process 9  15 requests/s   10 served/s   5 waits/s   20 signals/s",
            "┌ 3 threads ───────────────────────────────────────────────────────────────────┐",
            "│id    tid      name           state     since     waits for                   │",
            "│4     74       worker 1       waits     1.0 s     mutant journal              │",
            "│8     78       logger         waits     2.0 s     mutant accounts             │",
            "│12    82       acceptor       waits     3.0 s     timer tick                  │",
        ];
        let screen = screen(&view);
        assert_eq!(screen[..6], expected, "{screen:#?}");
        let all = screen.join("\n");
        for text in
            ["mutant journal                   worker 1       2      owned", "┌ deadlock ─", "│deadlock of 2 threads:"]
        {
            assert!(all.contains(text), "{text}\n{all}");
        }
        assert!(all.contains("q quit"), "{all}");
    }

    #[test]
    fn what_is_stuck_is_red() {
        let mut terminal = Terminal::new(TestBackend::new(80, 18)).expect("a screen");
        let view = View::new(snapshot());
        terminal.draw(|frame| view.draw(frame)).expect("drawn");
        let colours = [3, 4, 5].map(|y| terminal.backend().buffer()[(1, y)].fg);
        assert_eq!(colours, [Color::Red, Color::Yellow, Color::Reset]);
    }

    #[test]
    fn table_keys() {
        let mut view = View::new(snapshot());
        assert_eq!(view.press(key(KeyCode::Char('q'))), Wish::Quit);
        assert_eq!(view.press(key(KeyCode::Esc)), Wish::Quit);
        assert_eq!(view.press(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Wish::Quit);
        assert_eq!(view.press(key(KeyCode::Char('d'))), Wish::Deadlock);
        assert_eq!(view.press(key(KeyCode::Char(' '))), Wish::Nothing);
        assert!(view.is_paused && screen(&view)[0].ends_with("paused"));
        let _ = view.press(key(KeyCode::Char('s')));
        assert!(screen(&view)[3].contains("acceptor"), "the longest wait first");
        for _ in 0..9 {
            let _ = view.press(key(KeyCode::Down));
        }
        assert!(screen(&view)[3].contains("worker 1"), "the last one stays");
        let _ = view.press(key(KeyCode::Up));
        assert!(screen(&view)[3].contains("logger"));
    }
}
