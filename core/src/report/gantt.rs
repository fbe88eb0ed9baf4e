//! When each step of a run began and ended, as an SVG picture: it loads nothing, has no script, and takes the colour of the
//! text around it.

use std::fmt::Write;

use super::text::seconds;
use super::{Report, StepReport};
use crate::text::{duration, escaped};

/// Where the bars begin, right of the names.
const LEFT: f64 = 170.0;
/// Width of all bars together.
const WIDTH: f64 = 640.0;
/// Height of a row.
const ROW: usize = 20;
/// Distances of the lines of time, in seconds; the first that needs no more than eight lines is taken.
const TICKS: [f64; 10] = [1.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];

pub(super) fn svg(report: &Report) -> String {
    let rows = report.steps.len();
    let (width, height) = (LEFT + WIDTH + 90.0, (rows + 2) * ROW);
    let total = report.took_seconds.max(1.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n\
         <title>{}</title>\n",
        escaped(&format!("{} in {}: {}", report.store, report.region, report.summary()))
    );
    let apart = TICKS.into_iter().find(|apart| total / apart <= 8.0).unwrap_or(total / 8.0);
    let lines = (total / apart) as u32;
    for at in (0..=lines).map(|number| f64::from(number) * apart) {
        let x = LEFT + WIDTH * at / total;
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{ROW}\" x2=\"{x:.1}\" y2=\"{}\" stroke=\"currentColor\" stroke-opacity=\"0.2\"/>\
             <text x=\"{x:.1}\" y=\"14\" text-anchor=\"middle\">{}</text>",
            (rows + 1) * ROW,
            duration(seconds(at))
        );
    }
    for (row, step) in report.steps.iter().enumerate() {
        bar(&mut svg, (row + 1) * ROW, step, total);
    }
    svg.push_str("</svg>\n");
    svg
}

fn bar(svg: &mut String, top: usize, step: &StepReport, total: f64) {
    let colour = if step.error.is_some() { "#cf222e" } else { "#2da44e" };
    let x = LEFT + WIDTH * step.began_seconds / total;
    let width = (WIDTH * step.took_seconds / total).max(2.0);
    let name = format!("{} {}", step.action.verb(), step.resource);
    let after = step.after.as_ref().map(|before| format!(", after {before}")).unwrap_or_default();
    let error = step.error.as_ref().map(|error| format!(": {}", error.message)).unwrap_or_default();
    let took = duration(seconds(step.took_seconds));
    let _ = writeln!(
        svg,
        "<g><title>{}</title><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
         <rect x=\"{x:.1}\" y=\"{}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\" fill=\"{colour}\"/>\
         <text x=\"{:.1}\" y=\"{}\" fill-opacity=\"0.7\">{took}</text></g>",
        escaped(&format!("{name}, {took}{after}{error}")),
        LEFT - 8.0,
        top + 14,
        escaped(&name),
        top + 4,
        ROW - 8,
        x + width + 4.0,
        top + 14,
    );
}
