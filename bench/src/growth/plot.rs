//! Plain line charts as SVG: rows on a logarithmic axis, cost from zero. Readable on a light page
//! and on a dark one.

use std::fmt::Write as _;

/// One chart of several beside each other.
pub(super) struct Panel {
    pub(super) title: String,
    /// What is counted upwards.
    pub(super) unit: String,
    pub(super) series: Vec<Series>,
}

/// One line.
pub(super) struct Series {
    pub(super) name: String,
    /// A point for each size.
    pub(super) points: Vec<f64>,
}

const PANEL_WIDTH: f64 = 300.0;
const CHART: (f64, f64) = (210.0, 180.0);
const LEFT: f64 = 60.0;
const TOP: f64 = 50.0;
const LEGEND_LINE: f64 = 18.0;

/// Told apart by colour and by the form of their points.
const STYLES: [&str; 4] = ["a", "b", "c", "d"];

const STYLE: &str = "\
text{font:12px system-ui,sans-serif;fill:#1f2328}\
.t{font-weight:600;font-size:13px}\
.g{stroke:#d0d7de;stroke-width:1}\
.l{fill:none;stroke-width:2}\
.a{stroke:#0969da;fill:#0969da}.b{stroke:#bc4c00;fill:#bc4c00}\
.c{stroke:#1a7f37;fill:#1a7f37}.d{stroke:#8250df;fill:#8250df}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.g{stroke:#3d444d}\
.a{stroke:#58a6ff;fill:#58a6ff}.b{stroke:#f0883e;fill:#f0883e}\
.c{stroke:#3fb950;fill:#3fb950}.d{stroke:#bc8cff;fill:#bc8cff}}\
.l{fill:none}";

/// The charts beside each other.
pub(super) fn draw(sizes: &[usize], panels: &[Panel]) -> String {
    let longest = panels.iter().map(|panel| panel.series.len()).max().unwrap_or(0);
    let width = PANEL_WIDTH * count(panels.len());
    let height = TOP + CHART.1 + 55.0 + LEGEND_LINE * count(longest);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" \
         aria-label=\"Cost by the number of rows\">\n<style>{STYLE}</style>\n"
    );
    for (index, panel) in panels.iter().enumerate() {
        let x = PANEL_WIDTH * count(index) + LEFT;
        let _ = writeln!(svg, "<g transform=\"translate({x},{TOP})\">");
        panel.draw(sizes, &mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    svg
}

#[expect(clippy::cast_precision_loss, reason = "a few of something")]
const fn count(number: usize) -> f64 {
    number as f64
}

impl Panel {
    fn draw(&self, sizes: &[usize], svg: &mut String) {
        let (width, height) = CHART;
        let most = self.series.iter().flat_map(|one| &one.points).copied().fold(0.0, f64::max);
        let (top, step) = scale(most);
        let _ = writeln!(svg, "<text class=\"t\" x=\"0\" y=\"-28\">{}</text>", self.title);
        let _ = writeln!(svg, "<text x=\"0\" y=\"-11\">{}</text>", self.unit);
        let mut tick = 0.0;
        while tick <= top {
            let y = height - tick / top * height;
            let _ = writeln!(
                svg,
                "<line class=\"g\" x1=\"0\" x2=\"{width}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"-8\" y=\"{:.1}\" text-anchor=\"end\">{tick}</text>",
                y + 4.0
            );
            tick += step;
        }
        for (index, size) in sizes.iter().enumerate() {
            let x = place(index, sizes.len());
            let _ = writeln!(
                svg,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                height + 18.0,
                grouped(*size)
            );
        }
        for ((index, one), class) in self.series.iter().enumerate().zip(STYLES.iter().cycle()) {
            one.draw(class, top, svg);
            let y = height + 42.0 + LEGEND_LINE * count(index);
            point(class, (6.0, y - 4.0), svg);
            let _ = writeln!(svg, "<text x=\"18\" y=\"{y:.1}\">{}</text>", one.name);
        }
    }
}

impl Series {
    fn draw(&self, class: &str, top: f64, svg: &mut String) {
        let places: Vec<(f64, f64)> = self
            .points
            .iter()
            .enumerate()
            .map(|(index, value)| {
                (place(index, self.points.len()), CHART.1 - value / top * CHART.1)
            })
            .collect();
        let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let _ = writeln!(svg, "<polyline class=\"{class} l\" points=\"{}\"/>", path.join(" "));
        for at in places {
            point(class, at, svg);
        }
    }
}

/// A point, of another form for each line.
fn point(class: &str, (x, y): (f64, f64), svg: &mut String) {
    let _ = match class {
        "a" => writeln!(svg, "<circle class=\"a\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>"),
        "b" => writeln!(
            svg,
            "<rect class=\"b\" x=\"{:.1}\" y=\"{:.1}\" width=\"7\" height=\"7\"/>",
            x - 3.5,
            y - 3.5
        ),
        _ => writeln!(
            svg,
            "<path class=\"{class}\" d=\"M{x:.1} {:.1}l4.5 {}h-9z\"/>",
            if class == "c" { y - 4.5 } else { y + 4.5 },
            if class == "c" { 8 } else { -8 }
        ),
    };
}

/// Each size is a power of another: the same distance apart.
fn place(index: usize, points: usize) -> f64 {
    let last = count(points.saturating_sub(1).max(1));
    15.0 + (CHART.0 - 30.0) * count(index) / last
}

/// The top of the axis and the step of its lines: the round numbers that give four to eight.
fn scale(most: f64) -> (f64, f64) {
    let mut step = 1.0;
    let mut factors = [2.0, 2.5, 2.0].iter().cycle();
    while most / step > 6.0 {
        step *= factors.next().copied().unwrap_or(10.0);
    }
    ((most / step).ceil().max(1.0) * step, step)
}

/// `10 000`.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("\u{2009}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_number_above_everything() {
        for most in [0.4, 7.0, 12.0, 99.0, 101.0, 1234.0, 90_000.0] {
            let (top, step) = scale(most);
            assert!(top >= most && top / step <= 7.0 && top - most <= step, "{most}: {top}/{step}");
        }
        assert_eq!(grouped(1_000_000), "1\u{2009}000\u{2009}000");
    }

    #[test]
    fn every_point_is_drawn_inside_of_its_chart() {
        let series = Series { name: "x".into(), points: vec![1.0, 50.0, 99.0] };
        let panel = Panel { title: "t".into(), unit: "u".into(), series: vec![series] };
        let svg = draw(&[100, 10_000, 1_000_000], &[panel]);
        // Three points, and one in the legend.
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(!svg.contains("cy=\"-") && svg.contains("polyline"));
    }
}
