import FunMatchDistillation
import FunMatchFiles
import FunMatchModels
import FunMatchRecipes
import FunMatchTorch

/// Loads the teachers that a recipe names.
struct TeacherLoader {
  let loader: NetworkLoader
  let recipe: SharedRecipe
  let device: Device

  /// All of them.
  ///
  /// - Parameter classes: how many classes one has if its weights are made up and nothing tells.
  /// - Throws: an error naming the file or the key.
  func teachers(classes: Int) throws -> [Teacher] {
    guard !recipe.teachers.isEmpty else {
      throw RecipeError(
        "\(loader.recipePath): distillation needs at least one entry under 'teachers'; "
          + "`funmatch train` learns from labels")
    }
    let teachers = try recipe.teachers.enumerated().map { index, teacher in
      try self.teacher(teacher, key: "teachers.\(index)", classes: classes)
    }
    guard Set(teachers.map(\.classes)).count == 1 else {
      throw RecipeError("the teachers have different numbers of classes")
    }
    return teachers
  }

  private func teacher(_ teacher: TeacherRecipe, key: String, classes: Int) throws -> Teacher {
    let checksum = try loader.checksum(teacher.path) ?? "none"
    switch teacher.source {
    case .program(let program, let format):
      return Teacher(
        try loader.program(program, format, key: key), resolution: teacher.resolution,
        weight: teacher.weight, precision: recipe.precision.dtype, device: device,
        classNames: program.classNames, checksum: checksum,
        identity: ["program: \(try JSONText.line(program.input))"])
    case .weights(let path, let spec):
      let file = try loader.teacher(path, spec, teacher, key: key, classes: classes)
      // At the size that it teaches at, whatever else its file may say.
      let own = file.preprocessing.flatMap { $0.crop == teacher.resolution ? $0 : nil }
      return Teacher(
        file.model, resolution: teacher.resolution, weight: teacher.weight,
        precision: recipe.precision.dtype, device: device, classNames: file.classNames,
        preprocessing: own, checksum: checksum,
        identity: [
          "model: \(try JSONText.line(file.spec))", "input: \(try JSONText.line(file.model.input))",
        ])
    }
  }
}
