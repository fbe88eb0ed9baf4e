//! The topology that a plan leads to, as an SVG picture: it loads nothing, has no script, and takes the colour of the text
//! around it. The boxes are those of the Mermaid flowchart.

use std::fmt::Write;

use super::diagram::{boxes, colour};
use super::{Action, Plan};
use crate::resource::Kind;
use crate::text::escaped;

/// Size of a box, and the gap to the next.
const BOX: (usize, usize) = (152, 68);
const GAP: usize = 34;
/// How many letters of a wide font fit into a line of a box.
const FITS: usize = 21;

pub(super) fn svg(plan: &Plan) -> String {
    // The record stands below what it proves; all others are one way from KMS to the proxy.
    let way: Vec<Kind> = boxes(plan).into_iter().filter(|kind| *kind != Kind::DomainRecord).collect();
    let (width, height) = ((way.len() + 1) * (BOX.0 + GAP), 2 * BOX.1 + 60);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
         height=\"{height}\" font-family=\"system-ui, sans-serif\" font-size=\"12\" fill=\"currentColor\">\n\
         <title>{}</title>\n",
        escaped(&format!("{} in {}: {}", plan.store, plan.region, plan.summary()))
    );
    for (place, kind) in way.iter().enumerate() {
        let x = place * (BOX.0 + GAP) + 2;
        draw(&mut svg, (x, 2), kind.label(), &about(plan, *kind), action(plan, *kind));
        let (from, to, y) = (x + BOX.0, x + BOX.0 + GAP, 2 + BOX.1 / 2);
        let _ =
            writeln!(svg, "<path d=\"M{from} {y}H{}m-6 -4l6 4l-6 4\" fill=\"none\" stroke=\"currentColor\"/>", to - 2);
        if *kind == Kind::EndpointService {
            let (middle, bottom, top) = (x + BOX.0 / 2, BOX.1 + 2, BOX.1 + 50);
            let below = Kind::DomainRecord;
            draw(&mut svg, (x, top), below.label(), &about(plan, below), action(plan, below));
            let _ = writeln!(
                svg,
                "<path d=\"M{middle} {top}V{}m-4 6l4 -6l4 6\" fill=\"none\" stroke=\"currentColor\"/>",
                bottom + 2
            );
        }
    }
    let proxies = plan.spec.as_ref().map(|spec| spec.proxy().addresses.iter().map(ToString::to_string).collect());
    let proxies: Vec<String> = proxies.unwrap_or_default();
    draw(&mut svg, (way.len() * (BOX.0 + GAP) + 2, 2), "XKS proxy", &proxies.join(", "), None);
    svg.push_str("</svg>\n");
    svg
}

fn action(plan: &Plan, kind: Kind) -> Option<Action> {
    plan.steps.iter().find(|step| step.resource.kind == kind).map(|step| step.action)
}

/// What the plan says of it.
fn about(plan: &Plan, kind: Kind) -> String {
    let step = plan.steps.iter().find(|step| step.resource.kind == kind);
    step.map(|step| if step.id.is_empty() { step.what.clone() } else { step.id.clone() }).unwrap_or_default()
}

fn draw(svg: &mut String, (x, y): (usize, usize), name: &str, about: &str, action: Option<Action>) {
    let (stroke, width) = action.map_or(("currentColor", 1), |action| (colour(action), 2));
    let verb = action.map(|action| format!("{} ", action.verb())).unwrap_or_default();
    let whole = if about.is_empty() { format!("{verb}{name}") } else { format!("{verb}{name}: {about}") };
    let [first, second] = two_lines(about);
    let _ = writeln!(
        svg,
        "<g><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"6\" fill=\"none\" \
         stroke=\"{stroke}\" stroke-width=\"{width}\"/><text x=\"{}\" y=\"{}\" font-weight=\"600\">{}</text>\
         <text font-size=\"10\" fill-opacity=\"0.7\"><tspan x=\"{}\" y=\"{}\">{}</tspan>\
         <tspan x=\"{}\" y=\"{}\">{}</tspan></text></g>",
        escaped(&whole),
        BOX.0,
        BOX.1,
        x + 8,
        y + 22,
        escaped(name),
        x + 8,
        y + 40,
        escaped(&first),
        x + 8,
        y + 55,
        escaped(&second),
    );
}

/// As many words as fit into the first line, and as much of the rest as fits into the second.
fn two_lines(text: &str) -> [String; 2] {
    let mut words = text.split(' ').peekable();
    let mut first = cut(words.next().unwrap_or_default());
    while let Some(word) = words.next_if(|word| (first.chars().count() + 1 + word.chars().count()) <= FITS) {
        first = first + " " + word;
    }
    [first, cut(&words.collect::<Vec<_>>().join(" "))]
}

fn cut(text: &str) -> String {
    if text.chars().count() <= FITS { text.to_owned() } else { text.chars().take(FITS - 1).chain(['…']).collect() }
}
