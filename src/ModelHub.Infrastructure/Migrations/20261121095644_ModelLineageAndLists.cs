using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class ModelLineageAndLists : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "lineage",
                table: "models",
                type: "jsonb",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "IX_models_created_at_id",
                table: "models",
                columns: new[] { "created_at", "id" },
                descending: new[] { true, false });

            migrationBuilder.CreateIndex(
                name: "ix_models_trained",
                table: "models",
                column: "project_id",
                filter: "artifact_sha256 is not null");

            // By each metric, the better first and models without it last: the order that lists ask for. EF Core cannot describe such an index.
            foreach (var metric in new[] { "logloss", "rmse", "mse", "mae" })
                migrationBuilder.Sql($"create index ix_models_by_{metric} on models ((metric_{metric} is null), metric_{metric}, id)");
            foreach (var metric in new[] { "auc", "accuracy", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall" })
                migrationBuilder.Sql($"create index ix_models_by_{metric} on models ((metric_{metric} is null), metric_{metric} desc, id)");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            foreach (var metric in new[] { "logloss", "rmse", "mse", "mae", "auc", "accuracy", "r2", "macro_f1", "micro_f1", "macro_precision", "macro_recall" })
                migrationBuilder.Sql($"drop index ix_models_by_{metric}");
            migrationBuilder.DropIndex(
                name: "IX_models_created_at_id",
                table: "models");

            migrationBuilder.DropIndex(
                name: "ix_models_trained",
                table: "models");

            migrationBuilder.DropColumn(
                name: "lineage",
                table: "models");
        }
    }
}
