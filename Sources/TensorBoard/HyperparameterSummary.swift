import FunMatchFiles

/// What TensorBoard's HParams plugin has to know of a study: its settings and how students are
/// measured. The file is in the folder of the study, the runs' own are below.
public enum HyperparameterSummary {
  /// Writes the event file. It has no time in it: what is the same is written as the same bytes.
  ///
  /// - Parameters:
  ///   - hyperparameters: names of settings with their values, each once, in order.
  ///   - metrics: tags of scalars, such as `validation.top1`; the plugin shows a run's last value.
  /// - Throws: `FileError` when the file cannot be written.
  public static func write(
    folder: String, hyperparameters: [(name: String, values: [Hyperparameter])], metrics: [String]
  ) throws {
    let data = TensorBoardHParams.with {
      $0.experiment.hparamInfos = hyperparameters.map(key)
      $0.experiment.metricInfos = metrics.map { tag in
        .with {
          $0.name.tag = tag
          $0.displayName = tag
        }
      }
    }
    let version = TensorBoardEvent.with { $0.fileVersion = EventLog.version }
    let summary = try TensorBoardSummary(tag: TensorBoardSummary.experimentTag, data)
    let event = TensorBoardEvent.with { $0.summary = summary }
    let bytes = try [version, event].flatMap { try TFRecord.framed($0.serializedBytes()) }
    try AtomicFile.write(to: "\(folder)/\(EventLog.fileName)", bytes)
  }

  private static func key(_ name: String, _ values: [Hyperparameter]) -> TensorBoardHParams.Key {
    let kinds = Set(values.map(\.kind))
    return .with {
      $0.name = name
      // What is of several kinds is shown as text. The values keep their kinds, since the plugin
      // looks for the runs that have one of them.
      $0.type = kinds.count == 1 ? kinds.first ?? .string : .string
      $0.domainDiscrete.values = values.map(\.message)
      $0.differs = values.count > 1
    }
  }
}
