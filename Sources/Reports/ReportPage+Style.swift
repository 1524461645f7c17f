extension ReportPage {
  /// For a phone, a desk and paper.
  static let style = """
    :root { --ink: #1c1c1c; --soft: #5c5c5c; --line: #d9d9d9; --wash: #f5f4f1 }
    * { box-sizing: border-box }
    html { -webkit-text-size-adjust: 100%; text-size-adjust: 100% }
    body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 80rem; color: var(--ink);
      background: #fff; font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto,
      "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word }
    header { border-bottom: 2px solid var(--ink); padding-bottom: 1.25rem }
    .kind { margin: 0; color: var(--soft); font-size: .85rem; letter-spacing: .02em }
    h1 { margin: .2rem 0 .6rem; font-size: 1.9rem; line-height: 1.2; font-weight: 650;
      letter-spacing: -.01em; overflow-wrap: anywhere }
    .lead { margin: 0; max-width: 46rem; font-size: 1.1rem; overflow-wrap: anywhere }
    h2 { margin: 2.5rem 0 .75rem; font-size: 1.2rem; font-weight: 650 }
    p { max-width: 46rem; margin: .5rem 0 }
    .note, footer { color: var(--soft); font-size: .875rem }
    .s { color: var(--soft); white-space: nowrap }
    .scroll { max-width: 100%; width: fit-content; overflow-x: auto; margin: .75rem 0;
      background: linear-gradient(to left, #fff 35%, #fff0) right / 3rem 100% no-repeat local,
        linear-gradient(to left, #0000003d, #0000) right / 1rem 100% no-repeat scroll }
    .scroll:focus-visible, pre:focus-visible, summary:focus-visible { outline: 2px solid #0072B2;
      outline-offset: 2px }
    table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums;
      border-top: 1.5px solid var(--ink); border-bottom: 1.5px solid var(--ink) }
    caption { position: absolute; width: 1px; height: 1px; overflow: hidden;
      clip-path: inset(50%) }
    th, td { padding: .32rem .6rem .32rem 0; text-align: left; vertical-align: baseline;
      font-weight: 400; max-width: 24rem; overflow-wrap: break-word }
    th:last-child, td:last-child { padding-right: .2rem }
    .n { text-align: right; white-space: nowrap; padding-left: .3rem }
    .k { white-space: nowrap }
    .l { min-width: 9.5rem; overflow-wrap: anywhere }
    thead .n { white-space: normal }
    thead th { color: var(--soft); border-bottom: 1px solid var(--ink); vertical-align: bottom }
    tbody tr + tr > * { border-top: 1px solid var(--line) }
    tr > :first-child { position: sticky; left: 0; background: #fff; text-align: left;
      padding-left: 0 }
    .t > * { font-weight: 650 }
    .t .s { font-weight: 400 }
    code { font: .92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    .figures { columns: 2 26rem; column-gap: 2.5rem }
    .figures:has(> :only-child), .figures:has(> .w) { columns: auto }
    figure { margin: 0 0 2rem; max-width: 38rem; break-inside: avoid }
    figure svg { display: block; width: 100%; height: auto }
    figure svg text { font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue",
      Arial, sans-serif }
    figcaption { margin-top: .6rem; font-size: .875rem; line-height: 1.45; color: var(--soft);
      overflow-wrap: anywhere }
    figcaption b { color: var(--ink); font-weight: 650 }
    details { margin: .75rem 0 }
    summary { cursor: pointer; width: fit-content; padding: .35rem 0 }
    pre { margin: .5rem 0; padding: .8rem 1rem; background: var(--wash); overflow-x: auto;
      font: .82rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
    footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .75rem }
    @media (max-width: 30rem) {
      body { padding: 1.25rem 1rem 3rem }
      h1 { font-size: 1.5rem }
      .lead { font-size: 1rem }
      table { font-size: .85rem }
      tr > :first-child { max-width: 9.5rem }
    }
    @page { size: A4; margin: 16mm 15mm }
    @media print {
      html { font-size: 10pt }
      body { max-width: none; padding: 0 }
      h2 { margin-top: 1.5rem; break-after: avoid }
      tr > :first-child { position: static }
      .scroll, pre { overflow: visible; width: auto; background: none }
      table { font-size: 7.5pt }
      th, td { padding: .15rem .6rem .15rem 0 }
      tbody code { overflow-wrap: anywhere }
      thead { display: table-header-group }
      tr { break-inside: avoid }
      .figures { columns: 2; column-gap: 1.6rem }
      figure { margin-bottom: 1.4rem }
      figure.w { max-width: none; break-inside: auto }
      pre { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 7pt; padding: .5rem;
        background: none; border: 1px solid var(--line); columns: 2 }
      summary { list-style: none; font-weight: 650; break-after: avoid }
      details::details-content { content-visibility: visible; display: block; height: auto }
    }
    """
}
