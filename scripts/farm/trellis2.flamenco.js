// SPDX-License-Identifier: GPL-3.0-or-later
// Flamenco 3: a folder of pictures, some pictures a task. docs/farm.md says how to set it up.
// A task that is started twice pays for no picture twice: the folder of the models sees to that.

const JOB_TYPE = {
    label: "Trellis 2 Models",
    description: "Make a 3D model of each picture in a folder, each paid for once",
    settings: [
        { key: "pictures", type: "string", subtype: "dir_path", required: true,
          description: "Folder of pictures, on a disk that all workers share" },
        { key: "models", type: "string", subtype: "dir_path", required: true,
          description: "Folder for the models, on a disk that all workers share" },
        { key: "count", type: "int32", required: true, propargs: { min: 1 },
          description: "Number of pictures in the folder" },
        { key: "max_cost", type: "float", required: true, propargs: { min: 0 },
          description: "Submit no more once all models have cost so many compute units (CU)" },
        { key: "pictures_per_task", type: "int32", default: 25, propargs: { min: 1 },
          description: "Number of pictures of one task" },
        { key: "concurrency", type: "int32", default: 4, propargs: { min: 1, max: 1000 },
          description: "Models made at the same time, by all workers together" },
        { key: "preset", type: "string", choices: ["draft", "standard", "high", "ultra"], default: "standard",
          description: "Values of all parameters" },
    ],
};

function compileJob(job) {
    const settings = job.settings;
    checkSettings(settings);
    for (let first = 1; first <= settings.count; first += settings.pictures_per_task) {
        const last = Math.min(first + settings.pictures_per_task - 1, settings.count);
        const task = author.Task(`pictures ${first}-${last}`, "blender");
        task.addCommand(author.Command("exec", {
            exe: "{blender}",
            args: [
                "--online-mode", "--command", "trellis2",
                "generate", settings.pictures,
                "--output", settings.models,
                "--slice", `${first}-${last}`,
                "--preset", settings.preset,
                "--concurrency", String(settings.concurrency),
                "--max-cost", String(settings.max_cost),
            ],
        }));
        job.addTask(task);
    }
}

// Refuse the job as a whole, rather than each of its tasks later.
function checkSettings(settings) {
    if (!settings.pictures || !settings.models) {
        throw new Error("Choose the folder of pictures and the folder for the models.");
    }
    if (!(settings.count >= 1 && settings.pictures_per_task >= 1 && settings.concurrency >= 1)) {
        throw new Error("Pictures, pictures per task and concurrency must be at least 1.");
    }
    if (!(settings.max_cost > 0)) {
        throw new Error("Set what all models together may cost at most.");
    }
}
