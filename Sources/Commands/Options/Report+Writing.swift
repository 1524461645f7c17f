import FunMatchReports
import FunMatchSettings
import Logging

extension Report {
  /// Writes the report of a run or study that is finished, whatever becomes of the page.
  static func write(of source: String, to folder: String, registry: Registry, _ log: Logger) {
    do {
      let page = try Report([source], registry: registry).write(to: folder)
      log.info("wrote \(page)")
    } catch is CancellationError {
      log.warning("there is no report: a signal came while its figures were drawn")
    } catch {
      log.warning("there is no report: \(error)")
    }
  }
}
