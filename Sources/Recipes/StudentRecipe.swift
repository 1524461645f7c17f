import FunMatchDistillation
import FunMatchImages
import FunMatchModels
import FunMatchOptimizers
import FunMatchSettings

/// The half of a recipe that is one student's own.
public struct StudentRecipe: Settings {
  /// What becomes of the head that came with `weights`.
  public enum Head: String, SettingName {
    /// It goes on learning; it must have as many classes as the teachers or labels.
    case keep
    /// A new one of zeros takes its place.
    case reset
  }

  /// A file with the weights that it starts from, relative to the recipe, then to
  /// `FUNMATCH_WEIGHTS`; `nil`: fresh ones.
  public var weights: String?
  /// The key that a PyTorch file has them under, such as `model_ema`; `nil`: it is looked for.
  public var key: String?
  /// What stands before the names of the arrays that are meant, such as `student.`; `nil`: that is found out.
  public var prefix: String?
  /// Its shape; may be left out where the weights are a model file of this tool.
  public var model: ModelSpec?
  /// What becomes of the head that came with `weights`.
  public var head = Head.keep
  /// Parameters that stay as they are, by names in which `*` stands for anything.
  public var frozen: [String] = []
  /// What its pixels are scaled to; `nil`: what the file of weights tells, or its family's usual.
  public var input: InputScaling?
  /// What its convolutions compute in; its weights stay f32.
  public var precision = Precision.auto
  /// What brings the student to the teachers.
  public var distance = Distance.kl(temperature: 1)
  /// What labels are for.
  public var labels = LabelRecipe()
  /// How weights are updated.
  public var optimizer = OptimizerChoice.adam(AdamConfiguration())
  /// For how long, and how the rate rises and falls.
  public var schedule = ScheduleRecipe()
  /// Decay of a moving average of the weights, which is evaluated and kept in their place; `nil`:
  /// there is none.
  public var average: Double?
  /// Steps between evaluations; the last step is always one.
  public var evaluateEvery = 1000
  /// Short side before the central crop of an evaluation, in pixels; `nil`: what the paper uses for the resolution.
  public var resize: Int?
  /// When the state is saved.
  public var checkpoints = CheckpointRecipe()
  /// Steps between lines of metrics.
  public var logEvery = 1

  /// The paper's settings; the length is open.
  public init() {}

  /// Its keys.
  public static let keys: [Key<StudentRecipe>] = [
    .section(
      "student", "The network that is trained.",
      [
        Key(
          "model", \.model, "A name or a shape; may be left out where the weights are a model file."
        ),
        Key(
          "weights", \.weights,
          "A file to start from, looked for as a teacher's is; null: fresh weights."),
        Key(
          "key", \.key,
          "The key that a PyTorch file has `weights` under, such as model_ema; null: it is looked for.",
          .notEmpty),
        Key(
          "prefix", \.prefix,
          "What stands before the names of the arrays that are meant, such as \"student.\"; null: that is found out.",
          .notEmpty),
        Key(
          "head", \.head,
          "reset: a new head of zeros takes the place of the one in `weights`; keep: it goes on learning."
        ),
        Key(
          "frozen", \.frozen,
          "Parameters that stay as they are, such as [\"stem.*\", \"stages.0.*\"].",
          or: String.self, value: { [$0] }),
        Key(
          "input", \.input,
          "What its pixels are scaled to; null: as its file tells, or as is usual."),
      ]),
    Key(
      "precision", \.precision, "What the student's convolutions compute in; its weights stay f32."),
    Key(
      "distance", \.distance,
      "What is minimised: how far the student's logits are from a teacher's."),
    Key("labels", \.labels, "What labels are for, if they are for anything."),
    Key("optimizer", \.optimizer, "How weights are updated."),
    Key(
      "schedule", \.schedule, "For how long, and how the rate rises and falls.", isRequired: true),
    Key(
      "average", \.average,
      "Such as 0.9999: a moving average of the weights with this decay is evaluated and kept in their place.",
      Limits(
        "must be between 0 and 1, such as 0.9999",
        schema: ["exclusiveMinimum": 0, "exclusiveMaximum": 1]
      ) { $0 > 0 && $0 < 1 }),
    .section(
      "evaluation", "Evaluation during and after training.",
      [
        Key(
          "every", \.evaluateEvery, "Steps between evaluations; the last step is always one.",
          .positive),
        Key(
          "resize", \.resize,
          "Short side before the central crop; null: 160 for 128 px, 8/7 from 160 px on, below 64 px images are taken whole."
        ),
      ]),
    Key("checkpoints", \.checkpoints, "When the state is saved."),
    Key("logEvery", \.logEvery, "Steps between lines of metrics.", .positive(upTo: 1 << 30)),
  ]

  /// - Throws: `SettingsError` when there is no head to be reset, or no weights of which something is said, or the
  ///   student cannot be trained in its format.
  public func check(at key: String) throws {
    guard precision.trains else {
      throw SettingsError(
        "precision", "\(precision) is for teachers alone: {teacher: \(precision)}")
    }
    guard weights == nil else { return }
    if head == .reset {
      throw SettingsError("student.head", "only a head that comes with 'weights' can be reset")
    }
    for (name, value) in [("key", self.key), ("prefix", prefix)] where value != nil {
      throw SettingsError(
        "student.\(name)", "says where weights are in their file, and there are no 'weights'")
    }
  }
}
