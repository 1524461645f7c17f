/// What a run is in a study.
struct StudyMember {
  /// The student's name.
  let name: String
  /// Its settings, for TensorBoard; without the seed.
  let hyperparameters: [String: Hyperparameter]
  /// What students of other seeds have in common with it.
  let group: String

  init(_ student: StudyFile.Student) {
    name = student.name
    let settings = student.settings.filter { $0.key != "seed" }
    hyperparameters = Dictionary(
      settings.map { ($0.key, Hyperparameter($0.value)) }, uniquingKeysWith: { $1 })
    group = settings.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
  }
}
