using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace ModelHub.Infrastructure.Migrations
{
    /// <inheritdoc />
    public partial class RegistryNumbersAndPipelines : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "number",
                table: "models",
                type: "bigint",
                nullable: false,
                defaultValueSql: "nextval('registry_numbers')");

            migrationBuilder.AddColumn<long>(
                name: "version_number",
                table: "models",
                type: "bigint",
                nullable: false,
                defaultValueSql: "nextval('registry_numbers')");

            migrationBuilder.CreateTable(
                name: "pipelines",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    project_id = table.Column<Guid>(type: "uuid", nullable: false),
                    name = table.Column<string>(type: "character varying(63)", maxLength: 63, nullable: false),
                    deployment_id = table.Column<Guid>(type: "uuid", nullable: true),
                    deployment_number = table.Column<long>(type: "bigint", nullable: true),
                    deployed_version_id = table.Column<Guid>(type: "uuid", nullable: true),
                    created_by = table.Column<Guid>(type: "uuid", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pipelines", x => x.id);
                    table.ForeignKey(
                        name: "FK_pipelines_deployments_deployment_id",
                        column: x => x.deployment_id,
                        principalTable: "deployments",
                        principalColumn: "id",
                        onDelete: ReferentialAction.SetNull);
                    table.ForeignKey(
                        name: "FK_pipelines_projects_project_id",
                        column: x => x.project_id,
                        principalTable: "projects",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "pipeline_versions",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    number = table.Column<long>(type: "bigint", nullable: false, defaultValueSql: "nextval('registry_numbers')"),
                    pipeline_id = table.Column<Guid>(type: "uuid", nullable: false),
                    definition = table.Column<string>(type: "jsonb", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_pipeline_versions", x => x.id);
                    table.ForeignKey(
                        name: "FK_pipeline_versions_pipelines_pipeline_id",
                        column: x => x.pipeline_id,
                        principalTable: "pipelines",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_models_number",
                table: "models",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_models_version_number",
                table: "models",
                column: "version_number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_pipeline_versions_number",
                table: "pipeline_versions",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_pipeline_versions_pipeline_id",
                table: "pipeline_versions",
                column: "pipeline_id");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_deployment_id",
                table: "pipelines",
                column: "deployment_id");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_deployment_number",
                table: "pipelines",
                column: "deployment_number");

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_number",
                table: "pipelines",
                column: "number",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "IX_pipelines_project_id_name",
                table: "pipelines",
                columns: new[] { "project_id", "name" },
                unique: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "pipeline_versions");

            migrationBuilder.DropTable(
                name: "pipelines");

            migrationBuilder.DropIndex(
                name: "IX_models_number",
                table: "models");

            migrationBuilder.DropIndex(
                name: "IX_models_version_number",
                table: "models");

            migrationBuilder.DropColumn(
                name: "number",
                table: "models");

            migrationBuilder.DropColumn(
                name: "version_number",
                table: "models");
        }
    }
}
